//! This machine: the data directory, ports and addresses, names, limits, kubectl, the terminal.

use std::io;
use std::net::{Ipv4Addr, TcpListener, ToSocketAddrs};
use std::path::Path;
use std::process::Command;

use super::Finding;
use crate::cluster::home;

/// Descriptors that a lively cluster needs.
const FEW_DESCRIPTORS: u64 = 1024;
/// Smallest terminal that shows everything.
const SMALLEST: (u16, u16) = (80, 24);
/// NodePorts, as `kube-apiserver` gives them.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30_000..=32_767;

pub(super) fn data_dir(dir: &Path) -> Finding {
    const ABOUT: &str = "Carpeta de datos";
    if home::running(dir).is_some() {
        return Finding::good(ABOUT, format!("{}: hay un Timonel corriendo en ella.", dir.display()));
    }
    // The directory itself may not be there yet: then its nearest parent counts.
    let there = dir.ancestors().find(|parent| parent.exists()).unwrap_or(dir);
    match tempfile::tempfile_in(there) {
        Ok(_) => Finding::good(ABOUT, format!("{} se puede escribir.", dir.display())),
        Err(error) => Finding::bad(
            ABOUT,
            format!("no se puede escribir en {} ({error}).", there.display()),
            "Da permiso de escritura o elige otra con --data-dir CARPETA.",
        ),
    }
}

/// Ports 80 and 443, where Ingress listens.
pub(super) fn low_ports() -> Finding {
    const ABOUT: &str = "Puertos 80 y 443 (Ingress)";
    let tried =
        [80, 443].map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|error| error.kind()));
    let todo = "Ingress escuchará en el 8080 y el 8443 (o en otros libres): http://NOMBRE.localhost:8080";
    match tried {
        [Ok(()), Ok(())] => Finding::good(ABOUT, "libres."),
        outcomes if outcomes.contains(&Err(io::ErrorKind::PermissionDenied)) => {
            Finding::less(ABOUT, "hace falta ser administrador para abrirlos.", todo)
        }
        _ => Finding::less(ABOUT, "otro programa los usa.", todo),
    }
}

/// Whether other programs listen where NodePorts will be.
pub(super) fn node_ports() -> Finding {
    const ABOUT: &str = "Puertos de NodePort (30000–32767)";
    let taken: Vec<String> = NODE_PORTS
        .filter(|port| {
            TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_err_and(|it| it.kind() == io::ErrorKind::AddrInUse)
        })
        .map(|port| port.to_string())
        .collect();
    if taken.is_empty() {
        return Finding::good(ABOUT, "libres.");
    }
    let shown = taken.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    Finding::less(
        ABOUT,
        format!("ya en uso: {shown}{}.", if taken.len() > 10 { "…" } else { "" }),
        "Un Service que pida uno de ellos no tendrá puerta en esta máquina, y lo dirá en sus eventos.",
    )
}

/// Addresses of 127.0.0.0/8 besides 127.0.0.1: one a worker, one a load balancer.
pub(super) fn balancer_addresses() -> Finding {
    const ABOUT: &str = "Direcciones de los balanceadores (127.0.0.0/8)";
    match TcpListener::bind((Ipv4Addr::new(127, 0, 1, 1), 0)) {
        Ok(_) => Finding::good(ABOUT, "disponibles."),
        Err(error) => Finding::less(
            ABOUT,
            format!("esta máquina solo tiene 127.0.0.1 ({error})."),
            "Los balanceadores no tendrán puerta aquí: usa NodePort o Ingress, o añade una con «sudo ifconfig lo0 alias 127.0.1.1».",
        ),
    }
}

/// `*.localhost`, under which Ingress is opened.
pub(super) fn names() -> Finding {
    const ABOUT: &str = "Nombres *.localhost (Ingress)";
    match ("prueba.localhost", 80).to_socket_addrs().map(|mut found| found.any(|at| at.ip().is_loopback())) {
        Ok(true) => Finding::good(ABOUT, "llevan a esta máquina."),
        _ => Finding::less(
            ABOUT,
            "esta máquina no los resuelve.",
            "Los navegadores los abren igual; con curl usa «--resolve NOMBRE.localhost:80:127.0.0.1» o añádelos a /etc/hosts.",
        ),
    }
}

/// `Max open files` of `/proc/self/limits`.
pub(super) fn descriptors(limits: Option<&str>) -> Finding {
    const ABOUT: &str = "Archivos abiertos a la vez";
    let line = limits.and_then(|text| text.lines().find_map(|line| line.strip_prefix("Max open files")));
    let soft = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    match soft {
        Some(few) if few < FEW_DESCRIPTORS => {
            Finding::less(ABOUT, format!("hasta {few}."), "Súbelo con «ulimit -n 4096» antes de arrancar.")
        }
        Some(enough) => Finding::good(ABOUT, format!("hasta {enough}.")),
        None => Finding::good(ABOUT, "sin límite conocido."),
    }
}

/// Whether a kubectl is at hand: Timonel has its own.
pub(super) fn kubectl() -> Finding {
    const ABOUT: &str = "kubectl";
    let version = Command::new("kubectl").args(["version", "--client", "-o", "json"]).output();
    let found = version.ok().filter(|output| output.status.success()).and_then(|output| {
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        Some(said["clientVersion"]["gitVersion"].as_str()?.to_owned())
    });
    match found {
        Some(version) => Finding::good(ABOUT, format!("{version}.")),
        None => Finding::good(ABOUT, "no está instalado; no hace falta: «timonel kubectl» lo trae dentro."),
    }
}

pub(super) fn terminal(is_one: bool, size: Option<(u16, u16)>, kind: &str) -> Finding {
    const ABOUT: &str = "Terminal";
    match (is_one, size) {
        (false, _) | (_, None) => {
            Finding::less(ABOUT, "la salida no es una terminal.", "Para el tablero, ejecuta «timonel» en una terminal.")
        }
        _ if kind == "dumb" => {
            Finding::less(ABOUT, "TERM=dumb no sabe dibujar.", "Usa otra terminal, o TERM=xterm-256color.")
        }
        (true, Some((columns, rows))) if columns < SMALLEST.0 || rows < SMALLEST.1 => Finding::less(
            ABOUT,
            format!("mide {columns}×{rows}."),
            format!("Agrándala a {}×{} o más para verlo todo.", SMALLEST.0, SMALLEST.1),
        ),
        (true, Some((columns, rows))) => Finding::good(ABOUT, format!("{columns}×{rows}, {kind}.")),
    }
}

/// The first of the locale's variables that is set decides.
pub(super) fn letters(locale: &[String]) -> Finding {
    const ABOUT: &str = "Letras";
    let set = locale.iter().find(|value| !value.is_empty()).map_or("", String::as_str);
    let plain = set.to_lowercase().replace('-', "");
    if plain.contains("utf8") {
        return Finding::good(ABOUT, format!("{set}."));
    }
    let shown = if set.is_empty() { "sin configurar" } else { set };
    Finding::less(
        ABOUT,
        format!("el idioma del sistema es «{shown}», sin UTF-8."),
        "Ejecuta «export LC_ALL=C.UTF-8» si ves signos raros.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_judged_by_their_size_and_kind() {
        assert!(terminal(true, Some((120, 40)), "xterm").todo.is_none());
        assert!(terminal(true, Some((79, 24)), "xterm").found.contains("79×24"));
        assert!(terminal(true, Some((120, 40)), "dumb").todo.is_some() && terminal(false, None, "").todo.is_some());
    }

    #[test]
    fn letters_and_limits_are_read() {
        let locale = |first: &str| [String::new(), first.to_owned(), "C".to_owned()];
        assert!(letters(&locale("es_ES.UTF-8")).todo.is_none() && letters(&locale("")).found.contains("«C»"));
        let limits = |soft: &str| {
            format!("Max processes 1 2\nMax open files            {soft}                 4096                 files\n")
        };
        assert!(descriptors(Some(&limits("256"))).todo.is_some() && descriptors(Some(&limits("1024"))).todo.is_none());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_bad() {
        let folder = tempfile::tempdir().unwrap();
        assert!(data_dir(&folder.path().join("nueva/hija")).todo.is_none());
        let file = folder.path().join("archivo");
        std::fs::write(&file, "").unwrap();
        assert!(data_dir(&file).todo.is_some(), "a file is no folder");
    }
}
