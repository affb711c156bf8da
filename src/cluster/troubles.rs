//! What can keep a cluster from starting, as a learner reads it. Must not start anything.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use crate::apiserver::pki::PkiError;
use crate::base::hints::Hint;
use crate::store::OpenError;

/// The store cannot be opened; it was left as it was.
pub fn store(error: &OpenError) -> Hint {
    let (what, todo) = match error {
        OpenError::Corrupt { path, .. } => (
            format!("El almacén del clúster está dañado: {}.", path.display()),
            format!(
                "No se ha tocado nada. Aparta esa carpeta (por ejemplo «mv {0} {0}.dañado») y vuelve a empezar, \
                 o usa otra con --data-dir CARPETA.",
                path.display()
            ),
        ),
        OpenError::Locked { path } => (
            format!("Otro programa está usando el almacén {}.", path.display()),
            "Cierra el otro Timonel, o usa otra carpeta con --data-dir CARPETA.".into(),
        ),
        OpenError::Format { path, .. } => (
            format!("El almacén {} lo escribió otra versión de Timonel.", path.display()),
            "Ábrelo con aquella versión, o usa otra carpeta con --data-dir CARPETA. No se ha tocado nada.".into(),
        ),
        OpenError::Io { path, .. } => (
            format!("No se puede leer o escribir el almacén {}.", path.display()),
            "Revisa sus permisos y el espacio libre, o usa otra carpeta con --data-dir CARPETA.".into(),
        ),
    };
    Hint::new(what, todo).because(error)
}

/// The certificates cannot be used; they were left as they were.
pub fn pki(dir: &Path, error: &PkiError) -> Hint {
    let todo = match error {
        PkiError::Io { .. } => "Revisa los permisos de esa carpeta, o usa otra con --data-dir CARPETA.".into(),
        _ => format!(
            "No se ha tocado nada. Aparta la carpeta {} para que se hagan certificados nuevos (los kubeconfig de \
             antes dejarán de valer).",
            dir.display()
        ),
    };
    Hint::new("No se pueden usar los certificados del clúster.", todo).because(error)
}

/// The API server cannot listen there.
pub fn listen(at: SocketAddr, error: &io::Error) -> Hint {
    let (what, todo) = match error.kind() {
        io::ErrorKind::AddrInUse => (
            format!("El puerto {} ya está en uso.", at.port()),
            "Elige otro con --listen 127.0.0.1:PUERTO (127.0.0.1:0 toma uno libre), o cierra el programa que lo usa.",
        ),
        io::ErrorKind::PermissionDenied => (
            format!("No hay permiso para escuchar en el puerto {}.", at.port()),
            "Elige uno por encima de 1024 con --listen 127.0.0.1:PUERTO.",
        ),
        _ => (format!("No se puede escuchar en {at}."), "Elige otra dirección con --listen 127.0.0.1:PUERTO."),
    };
    Hint::new(what, todo).because(error)
}

/// The stored cluster lives in another runtime than the asked one.
pub fn other_runtime(wanted: &str, stored: &str) -> Hint {
    Hint::new(
        format!(
            "El clúster de esta carpeta nació con «--runtime {stored}» y no puede pasar a {wanted}: sus nodos y pods tienen direcciones de la red de {stored}."
        ),
        format!(
            "Ábrelo sin --runtime (o con --runtime {stored}), o empieza otro con --data-dir CARPETA. No se ha cambiado nada."
        ),
    )
}

/// Only this machine is served.
pub fn not_loopback(at: SocketAddr) -> Hint {
    Hint::new(
        format!("{} no es una dirección de esta máquina.", at.ip()),
        "Timonel solo escucha en 127.0.0.0/8: usa --listen 127.0.0.1:PUERTO.",
    )
}

/// The kubeconfig cannot be written.
pub fn kubeconfig(path: &Path, error: &io::Error) -> Hint {
    Hint::new(
        format!("No se puede escribir el kubeconfig en {}.", path.display()),
        "Revisa que la carpeta exista y se pueda escribir, o elige otro archivo con --kubeconfig ARCHIVO.",
    )
    .because(error)
}

/// A range of addresses is malformed.
pub fn range(flag: &str, text: &str) -> Hint {
    Hint::new(
        format!("«{text}» no es una red IPv4 para {flag}."),
        format!("Escribe dirección/prefijo, por ejemplo {flag} 10.244.0.0/16."),
    )
}

/// A range does not lie in the network that the engine is asked for.
pub fn outside(flag: &str, text: &str, subnet: &str) -> Hint {
    Hint::new(
        format!("{flag} {text} no está dentro de la red de Docker, {subnet}."),
        format!("Elige en {flag} una parte de {subnet}, o cambia --docker-subnet para que la contenga."),
    )
}

/// A quantity of a worker is malformed.
pub fn quantity(flag: &str, text: &str) -> Hint {
    Hint::new(
        format!("«{text}» no es una cantidad para {flag}."),
        "Escribe, por ejemplo, --worker-cpu 2 --worker-memory 4Gi.",
    )
}

/// The first objects could not be written.
pub fn bootstrap(error: &dyn std::fmt::Display) -> Hint {
    Hint::new(
        "No se pudieron crear los primeros objetos del clúster.",
        "Revisa el espacio libre y los permisos de la carpeta de datos.",
    )
    .because(error)
}

/// The nodes did not become Ready.
pub fn not_ready(error: &dyn std::fmt::Display) -> Hint {
    Hint::new(
        "Los workers no llegaron a estar listos.",
        "Vuelve a intentarlo; si sigue igual, prueba con --runtime embedded o con otra carpeta de datos.",
    )
    .because(error)
}
