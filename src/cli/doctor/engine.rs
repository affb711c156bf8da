//! The container engine: whether it answers, may be used, has room for our network, and what is left there.

use std::path::Path;

use super::Finding;
use crate::cli::args::ClusterArgs;
use crate::cluster::home;
use crate::kubelet::docker::{DockerError, Survey, overlap, survey};

const ENGINE: &str = "Motor de contenedores";
const SUBNET: &str = "Red de contenedores";
const LEFT: &str = "Restos de otros clústeres";

/// Everything about the engine.
pub(super) async fn look(args: &ClusterArgs, data_dir: &Path) -> Vec<Finding> {
    let own = home::cluster_id(data_dir);
    match survey().await {
        Ok(found) => vec![
            Finding::good(ENGINE, format!("Docker {} responde: los pods serán contenedores de verdad.", found.version)),
            subnet(&found, &args.docker_subnet, own.as_deref(), &routes()),
            left(&found, own.as_deref()),
        ],
        Err(error) => vec![absent(&error)],
    }
}

/// Without an engine Timonel runs its pods by itself.
fn absent(error: &DockerError) -> Finding {
    let hint = error.hint().to_string();
    let todo = hint.lines().find_map(|line| line.trim().strip_prefix("qué hacer: ")).unwrap_or_default();
    let without = "Sin motor los pods son programas incorporados, y las lecciones funcionan igual.";
    Finding::less(ENGINE, hint.lines().next().unwrap_or_default(), format!("{todo} {without}"))
}

fn subnet(found: &Survey, wanted: &str, own: Option<&str>, routes: &[(String, String)]) -> Finding {
    let mut taken = found.conflicts(wanted, own);
    let ours = |name: &str| name.starts_with("tim-") || name.starts_with("br-") || name.starts_with("docker");
    let routed = routes.iter().filter(|(device, range)| !ours(device) && overlap(wanted, range));
    taken.extend(routed.map(|(device, range)| format!("la interfaz {device} ({range})")));
    if taken.is_empty() {
        return Finding::good(SUBNET, format!("{wanted} está libre."));
    }
    let todo = "Si es de otro clúster de Timonel, quítalo con «timonel down --data-dir CARPETA»; si no, elige otra con \
                --docker-subnet y --service-cidr, o usa --runtime embedded.";
    Finding::less(SUBNET, format!("{wanted} choca con {}.", taken.join(", ")), todo)
}

fn left(found: &Survey, own: Option<&str>) -> Finding {
    let others: Vec<String> = found
        .clusters
        .iter()
        .filter(|(cluster, _)| Some(cluster.as_str()) != own)
        .map(|(cluster, count)| format!("{cluster} ({count} contenedores)"))
        .collect();
    if others.is_empty() {
        return Finding::good(LEFT, "ninguno.");
    }
    let todo = "Si ya no los usas: «timonel down --data-dir CARPETA» con la carpeta de cada uno.";
    Finding::less(LEFT, others.join(", "), todo)
}

/// This machine's routes: the device and the range. Only Linux tells them like this.
fn routes() -> Vec<(String, String)> {
    parse_routes(&std::fs::read_to_string("/proc/net/route").unwrap_or_default())
}

/// Lines of `/proc/net/route`: addresses in hexadecimal, in the machine's own byte order.
fn parse_routes(text: &str) -> Vec<(String, String)> {
    let route = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |index: usize| u32::from_str_radix(words.get(index)?, 16).ok();
        let (first, mask) = (number(1)?, number(7)?);
        let address = std::net::Ipv4Addr::from(first.to_ne_bytes());
        // The default route takes nothing away from anybody.
        (mask != 0).then(|| ((*words[0]).to_owned(), format!("{address}/{}", mask.count_ones())))
    };
    text.lines().skip(1).filter_map(route).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn routes_are_read_from_the_kernels_table() {
        let text = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n\
                    eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\n\
                    tun0\t0000640A\t00000000\t0001\t0\t0\t0\t0000FFFF\n";
        assert_eq!(parse_routes(text), [("tun0".to_owned(), "10.100.0.0/16".to_owned())]);
    }

    #[test]
    fn conflicts_and_leftovers_are_told() {
        let survey = Survey {
            version: "20.10".into(),
            networks: vec![("timonel-x".into(), "10.96.0.0/11".into(), Some("x".into()))],
            clusters: [("x".to_owned(), 3)].into(),
        };
        assert!(subnet(&survey, "10.96.0.0/11", Some("x"), &[]).todo.is_none());
        assert!(subnet(&survey, "10.96.0.0/11", None, &[]).found.contains("timonel-x"));
        let vpn = [("tun0".to_owned(), "10.100.0.0/16".to_owned())];
        assert!(subnet(&survey, "10.96.0.0/11", Some("x"), &vpn).found.contains("tun0"));
        assert!(left(&survey, Some("x")).todo.is_none() && left(&survey, None).found.contains("x (3 contenedores)"));
    }
}
