//! Why a Job does not end well, or a CronJob does not begin.

use super::{Case, Finding, causes};
use crate::tui::model::world::{number, text};

causes! {
    BACKOFF: "job-agoto-intentos", "Agotó sus intentos: sus pods fallaron más de lo que permite backoffLimit ({límite}).",
        ["Mira los logs de uno de sus pods. Un Job terminado no se reintenta: bórralo y créalo de nuevo."],
        "kubectl logs job/{nombre}{ns}", "7.7";
    DEADLINE: "job-fuera-de-plazo", "Pasó su plazo (activeDeadlineSeconds: {plazo} s) sin terminar.",
        ["Sube el plazo o haz que tarde menos. Sus pods ya se terminaron."],
        "kubectl describe job {nombre}{ns}", "7.7";
    POLICY: "job-por-politica", "Su podFailurePolicy manda darlo por fallado con ese fallo.",
        ["El mensaje nombra el pod, el código y la regla."],
        "kubectl describe job {nombre}{ns}", "7.7";
    INDEXES: "job-indices", "Algunos de sus índices fallaron más veces de las permitidas.",
        ["status.failedIndexes dice cuáles: mira los logs de esos pods."],
        "kubectl describe job {nombre}{ns}", "7.7";
    SUSPENDED: "suspendido", "Está suspendido: no crea pods hasta que lo reanudes.",
        ["Pon spec.suspend: false (acciones, tecla a)."],
        "kubectl patch {tipo}/{nombre} -p '{\"spec\":{\"suspend\":false}}'{ns}", "7.7";
    BUSY: "cronjob-ocupado", "No empezó a su hora porque el Job anterior aún corre y concurrencyPolicy es Forbid.",
        ["Haz que el Job acabe antes, espacia el horario o usa Replace."],
        "kubectl get jobs{ns}", "7.7";
    SCHEDULE: "cronjob-horario", "Su horario «{horario}» no se puede leer.",
        ["Son cinco campos: minuto, hora, día, mes y día de la semana."],
        "kubectl get cronjob {nombre} -o yaml{ns}", "7.7";
    MISSED: "cronjob-perdido", "Perdió su hora: pasó más de startingDeadlineSeconds, o se saltó demasiadas.",
        ["El Controller Manager estuvo apagado o muy ocupado a esa hora. Puedes ejecutarlo ahora desde acciones (a)."],
        "kubectl create job {nombre}-manual --from=cronjob/{nombre}{ns}", "7.7";
}

/// What ended a Job badly, or keeps it.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let mut found: Vec<Finding> = failed(case).into_iter().collect();
    if case.kind() == "CronJob" {
        found.extend(cron(case));
    } else if found.is_empty() {
        found.extend(super::workload::refused(case));
    }
    if case.object["spec"]["suspend"] == true {
        found.push(SUSPENDED.found(case).proof("spec.suspend", "true"));
    }
    if case.condition_is("Complete", "True").is_none() && case.kind() == "Job" {
        found.extend(super::workload::pods(case));
    }
    found
}

fn failed(case: &Case) -> Option<Finding> {
    let condition = case.condition_is("Failed", "True").or_else(|| case.condition_is("FailureTarget", "True"))?;
    let (reason, message) = (text(condition, "/reason"), text(condition, "/message"));
    let finding = match reason {
        "DeadlineExceeded" => {
            DEADLINE.found(case).with("plazo", &case.object["spec"]["activeDeadlineSeconds"].to_string())
        }
        "PodFailurePolicy" => POLICY.found(case),
        "FailedIndexes" | "MaxFailedIndexesExceeded" => {
            INDEXES.found(case).proof("status.failedIndexes", case.text("/status/failedIndexes"))
        }
        _ => {
            let limit = number(case.object, "/spec/backoffLimit").unwrap_or(6).to_string();
            BACKOFF.found(case).with("límite", &limit).proof("spec.backoffLimit", limit)
        }
    };
    let failures = number(case.object, "/status/failed").map(|it| it.to_string()).unwrap_or_default();
    let place = "status.conditions[Failed]";
    let finding = finding.proof(format!("{place}.reason"), reason).proof(format!("{place}.message"), message);
    Some(finding.proof("status.failed", failures))
}

fn cron(case: &Case) -> Vec<Finding> {
    let busy = case.event(&["JobAlreadyActive"], "").map(|event| BUSY.found(case).event(Some(event)));
    let bad = ["UnparseableSchedule", "InvalidSchedule", "UnknownTimeZone"];
    let unread = case
        .event(&bad, "")
        .map(|event| SCHEDULE.found(case).with("horario", case.text("/spec/schedule")).event(Some(event)));
    let missed =
        case.event(&["MissSchedule", "TooManyMissedTimes"], "").map(|event| MISSED.found(case).event(Some(event)));
    [unread, busy, missed].into_iter().flatten().collect()
}
