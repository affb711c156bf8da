//! Why a PersistentVolumeClaim has no volume.

use super::case::quoted;
use super::{Case, Finding, causes};
use crate::tui::model::world::{each, name, number, text};

causes! {
    CLASS: "storageclass-que-falta", "Pide la StorageClass «{clase}», que no existe.",
        ["Corrige storageClassName: kubectl get storageclasses dice cuáles hay. El campo no se puede cambiar: borra y crea de nuevo."],
        "kubectl get storageclasses", "7.8";
    NO_CLASS: "sin-storageclass", "No hay ningún PersistentVolume que sirva, y sin StorageClass nadie crea uno.",
        ["Crea un PersistentVolume de ese tamaño y modo de acceso, o usa una StorageClass que los cree."],
        "kubectl get pv,storageclasses", "7.8";
    FIRST: "espera-a-un-pod", "Espera a que un pod lo use: su StorageClass enlaza al primer consumidor (WaitForFirstConsumer).",
        ["Es lo normal: crea el pod que lo monta y el volumen aparecerá en su worker."],
        "kubectl describe pvc {nombre}{ns}", "7.8";
    PROVISIONER: "espera-al-aprovisionador", "Espera a que el aprovisionador «{aprovisionador}» cree el volumen, y aún no lo hace.",
        ["Mira que ese aprovisionador esté instalado y corra; sus logs dicen por qué no puede."],
        "kubectl describe pvc {nombre}{ns}", "7.8";
    FAILED: "aprovisionamiento-fallido", "El aprovisionador no pudo crear el volumen.",
        ["El mensaje del evento es suyo: cuota, permisos o parámetros de la StorageClass."],
        "kubectl describe pvc {nombre}{ns}", "7.8";
    LOST: "volumen-perdido", "Perdió su volumen: el PersistentVolume «{volumen}» ya no existe.",
        ["Los datos se fueron con él, salvo que el disco de verdad siga: vuelve a crear un PersistentVolume que lo nombre."],
        "kubectl get pv", "7.8";
    SMALL: "volumen-que-no-sirve", "Nombra el volumen «{volumen}», que no le sirve: {texto}.",
        ["Tamaño, modo de acceso y clase del PersistentVolume deben cubrir lo que pide."],
        "kubectl describe pv {volumen}", "7.8";
    KEPT: "pvc-en-uso", "Está pedido borrarlo, pero lo usa el pod «{pod}»: se irá cuando ese pod termine.",
        ["Es la protección de los datos (kubernetes.io/pvc-protection). Borra antes el pod."],
        "kubectl delete pod {pod}{ns}", "7.8";
}

/// Finalizer that keeps a claim in use.
const PROTECTED: &str = "kubernetes.io/pvc-protection";

/// What keeps a claim from its volume.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let found = if case.leaving() { kept(case) } else { unbound(case) };
    found.into_iter().collect()
}

fn unbound(case: &Case) -> Option<Finding> {
    let (phase, volume, class) =
        (case.text("/status/phase"), case.text("/spec/volumeName"), case.text("/spec/storageClassName"));
    match phase {
        "Lost" => {
            let finding = LOST.found(case).with("volumen", volume).proof("status.phase", "Lost");
            return Some(finding.proof("spec.volumeName", volume).event(case.event(&["ClaimLost"], "")));
        }
        "Pending" | "" => {}
        _ => return None,
    }
    if let Some(event) = case.event(&["ProvisioningFailed"], "") {
        let message = text(event, "/message");
        let missing = quoted(message, "storageclass").filter(|_| message.contains("not found"));
        return Some(match missing {
            Some(missing) => {
                CLASS.found(case).with("clase", missing).proof("spec.storageClassName", missing).event(Some(event))
            }
            None => FAILED.found(case).event(Some(event)),
        });
    }
    if !class.is_empty() && case.lists("StorageClass") && case.named("StorageClass", class).is_none() {
        let known: Vec<&str> = case.objects("StorageClass").map(name).collect();
        let finding = CLASS.found(case).with("clase", class).proof("spec.storageClassName", class);
        let usable = case.objects("PersistentVolume").any(|volume| text(volume, "/spec/storageClassName") == class);
        return (!usable).then(|| {
            finding.proof("storageclasses", if known.is_empty() { "(ninguna)".into() } else { known.join(", ") })
        });
    }
    if let Some(event) = case.event(&["VolumeMismatch"], "") {
        return Some(
            SMALL.found(case).with("volumen", volume).with("texto", text(event, "/message")).event(Some(event)),
        );
    }
    waiting(case, class)
}

fn waiting(case: &Case, class: &str) -> Option<Finding> {
    let first = case.event(&["WaitForFirstConsumer", "WaitForPodScheduled"], "");
    let mode = case.named("StorageClass", class).map_or("", |it| text(it, "/volumeBindingMode"));
    if first.is_some() || mode == "WaitForFirstConsumer" {
        let place = format!("storageclass {class}: volumeBindingMode");
        return Some(FIRST.found(case).event(first).proof(place, mode).proof("status.phase", "Pending"));
    }
    if let Some(event) = case.event(&["ExternalProvisioning", "Provisioning"], "") {
        let by = quoted(text(event, "/message"), "provisioner").or_else(|| quoted(text(event, "/message"), "by"));
        return Some(PROVISIONER.found(case).with("aprovisionador", by.unwrap_or("externo")).event(Some(event)));
    }
    let event = case.event(&["FailedBinding"], "");
    let nothing = case.lists("PersistentVolume") && class.is_empty();
    if event.is_none() && !nothing {
        return None;
    }
    let wanted = case.text("/spec/resources/requests/storage");
    let modes = each(case.object, "/spec/accessModes").filter_map(|it| it.as_str()).collect::<Vec<_>>().join(", ");
    let free: Vec<&str> =
        case.objects("PersistentVolume").filter(|it| text(it, "/status/phase") == "Available").map(name).collect();
    let finding = NO_CLASS.found(case).event(event).proof("spec.resources.requests.storage", wanted);
    let finding = finding.proof("spec.accessModes", modes);
    Some(
        finding
            .proof("persistentvolumes: Available", if free.is_empty() { "(ninguno)".into() } else { free.join(", ") }),
    )
}

fn kept(case: &Case) -> Option<Finding> {
    let held = each(case.object, "/metadata/finalizers").any(|it| it == PROTECTED);
    let uses = |pod: &&serde_json::Value| {
        each(pod, "/spec/volumes").any(|it| text(it, "/persistentVolumeClaim/claimName") == case.name())
    };
    let pod = case.objects("Pod").find(uses).filter(|_| held)?;
    let count = number(case.object, "/metadata/deletionGracePeriodSeconds").unwrap_or(0).to_string();
    let finding = KEPT.found(case).with("pod", name(pod)).proof("metadata.finalizers", PROTECTED);
    Some(finding.proof("metadata.deletionGracePeriodSeconds", count))
}
