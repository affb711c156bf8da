//! What can go wrong between us and the engine, with its cause. Must not lose the engine's own words.

use std::error::Error;
use std::io;

use bollard::errors::Error as EngineError;

use crate::base::hints::Hint;
use crate::kubelet::runtime::RuntimeError;

/// Why the Docker runtime cannot be used, for people and for the kubelet.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// Nobody listens on the engine's socket.
    #[error("no container engine answers at {socket}")]
    NoEngine {
        /// Where it was sought.
        socket: String,
        /// The connection's error.
        #[source]
        source: EngineError,
    },
    /// The socket is there, but this user may not use it.
    #[error("permission denied at {socket}")]
    Forbidden {
        /// Where it was sought.
        socket: String,
        /// The connection's error.
        #[source]
        source: EngineError,
    },
    /// `DOCKER_HOST` names an engine on another machine, whose pod addresses cannot be reached from here.
    #[error("DOCKER_HOST={0} is not a socket of this machine")]
    Remote(String),
    /// The subnet overlaps with a network that exists already.
    #[error("subnet {subnet} is already in use")]
    SubnetTaken {
        /// The wanted subnet.
        subnet: String,
        /// The engine's words.
        #[source]
        source: EngineError,
    },
    /// The subnet is not an IPv4 network with room for pods.
    #[error("invalid subnet {0}")]
    InvalidSubnet(String),
    /// The guest image could not be made from our executable.
    #[error("cannot make the guest image")]
    Guest(#[source] io::Error),
    /// A directory for the pods' volumes could not be used.
    #[error("cannot use the data directory")]
    Data(#[source] io::Error),
    /// Anything else that the engine answered.
    #[error("{0}")]
    Engine(#[from] EngineError),
}

/// What an error of the engine means, whatever was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Nobody listens.
    Absent,
    /// No right to the socket.
    Forbidden,
    /// It stopped half-way or does not answer in time.
    Gone,
    /// It answered with this HTTP status.
    Refused(u16),
}

/// Classifies an error of the engine by its cause.
pub(super) fn classify(error: &EngineError) -> Class {
    match error {
        EngineError::DockerResponseServerError { status_code, .. } => Class::Refused(*status_code),
        EngineError::SocketNotFoundError(_) => Class::Absent,
        EngineError::DockerStreamError { .. } | EngineError::DockerContainerWaitError { .. } => Class::Refused(500),
        EngineError::JsonDataError { .. } | EngineError::APIVersionParseError {} => Class::Refused(502),
        EngineError::IOError { err } => of_io(err.kind()),
        other => io_cause(other).map_or(Class::Gone, of_io),
    }
}

fn of_io(kind: io::ErrorKind) -> Class {
    match kind {
        io::ErrorKind::PermissionDenied => Class::Forbidden,
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Class::Absent,
        _ => Class::Gone,
    }
}

fn causes(error: &EngineError) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

fn io_cause(error: &EngineError) -> Option<io::ErrorKind> {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind).next()
}

/// The error's text with all its causes, as one line; the engine's own words alone when it answered.
pub(super) fn words(error: &EngineError) -> String {
    if let EngineError::DockerResponseServerError { message, .. } = error {
        return message.trim().to_string();
    }
    causes(error).fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        if text.contains(&cause) { text } else { format!("{text}: {cause}") }
    })
}

/// The kubelet's error: the engine is down, or it refused what was asked in this sense.
pub(super) fn refused(as_what: fn(String) -> RuntimeError) -> impl Fn(EngineError) -> RuntimeError {
    move |error| match classify(&error) {
        Class::Refused(_) => as_what(words(&error)),
        _ => RuntimeError::Unavailable(words(&error)),
    }
}

/// Turns the engine's «not found» into `None`.
pub(super) fn found<T>(answer: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if classify(&error) == Class::Refused(404) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes «it is not there», «it is already so» and «it is being removed» for success.
pub(super) fn settled<T: Default>(answer: Result<T, EngineError>) -> Result<T, EngineError> {
    match answer {
        Err(error) if matches!(classify(&error), Class::Refused(304 | 404)) || being_removed(&error) => {
            Ok(T::default())
        }
        other => other,
    }
}

fn being_removed(error: &EngineError) -> bool {
    classify(error) == Class::Refused(409) && words(error).contains("already in progress")
}

/// Whether a container of that name is there already.
pub(super) fn name_taken(error: &EngineError) -> bool {
    classify(error) == Class::Refused(409) && words(error).contains("already in use by container")
}

impl DockerError {
    /// An error of the first conversation with the engine.
    pub(super) fn connecting(socket: &str, source: EngineError) -> Self {
        let socket = socket.to_string();
        match classify(&source) {
            Class::Absent | Class::Gone => Self::NoEngine { socket, source },
            Class::Forbidden => Self::Forbidden { socket, source },
            Class::Refused(_) => Self::Engine(source),
        }
    }

    /// What happened and what to do, in Spanish.
    #[must_use]
    pub fn hint(&self) -> Hint {
        let (what, todo) = match self {
            Self::NoEngine { socket, .. } => (
                format!("No hay un motor de contenedores que responda en {socket}."),
                "Arranca Docker (por ejemplo, «sudo systemctl start docker») o usa --runtime embedded, que no lo necesita.",
            ),
            Self::Forbidden { socket, .. } => (
                format!("Tu usuario no tiene permiso para usar el motor en {socket}."),
                "Agrégate al grupo docker («sudo usermod -aG docker $USER») y vuelve a iniciar sesión, o usa --runtime embedded.",
            ),
            Self::Remote(host) => (
                format!("DOCKER_HOST={host} apunta a un motor de otra máquina, y desde aquí no se llega a sus pods."),
                "Quita DOCKER_HOST o dale un socket local (unix:///ruta/al/socket).",
            ),
            Self::SubnetTaken { subnet, .. } => (
                format!("La subred {subnet} ya está en uso en este motor o en esta máquina."),
                "Si es de otro clúster de Timonel, bórralo con «timonel down --data-dir DIR»; si no, elige otra con --docker-subnet.",
            ),
            Self::InvalidSubnet(subnet) => (
                format!("«{subnet}» no es una subred IPv4 con sitio para los pods."),
                "Escribe una como 10.96.0.0/11 en --docker-subnet.",
            ),
            Self::Guest(_) => (
                "No se pudo hacer la imagen de los contenedores a partir de este ejecutable.".into(),
                "Usa la versión de Timonel para Linux, o --runtime embedded.",
            ),
            Self::Data(_) => (
                "No se puede escribir en el directorio de datos de los contenedores.".into(),
                "Revisa los permisos y el espacio libre, o elige otro con --data-dir.",
            ),
            Self::Engine(_) => (
                "El motor de contenedores rechazó lo que se le pidió.".into(),
                "Revisa que el motor funcione bien («docker info»), o usa --runtime embedded.",
            ),
        };
        Hint::new(what, todo).because(self.causes())
    }

    fn causes(&self) -> String {
        match self {
            Self::NoEngine { source, .. }
            | Self::Forbidden { source, .. }
            | Self::SubnetTaken { source, .. }
            | Self::Engine(source) => words(source),
            Self::Guest(source) | Self::Data(source) => source.to_string(),
            Self::Remote(_) | Self::InvalidSubnet(_) => self.to_string(),
        }
    }
}

impl From<DockerError> for RuntimeError {
    fn from(error: DockerError) -> Self {
        match &error {
            DockerError::NoEngine { .. } | DockerError::Forbidden { .. } | DockerError::Remote(_) => {
                Self::Unavailable(error.causes())
            }
            DockerError::Engine(source) if !matches!(classify(source), Class::Refused(_)) => {
                Self::Unavailable(error.causes())
            }
            _ => Self::Other(format!("{error}: {}", error.causes())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status_code: u16, message: &str) -> EngineError {
        EngineError::DockerResponseServerError { status_code, message: message.into() }
    }

    #[test]
    fn causes_decide_what_an_error_means() {
        let io = |kind: io::ErrorKind| EngineError::IOError { err: kind.into() };
        assert_eq!(classify(&io(io::ErrorKind::PermissionDenied)), Class::Forbidden);
        assert_eq!(classify(&io(io::ErrorKind::ConnectionRefused)), Class::Absent);
        assert_eq!(classify(&io(io::ErrorKind::BrokenPipe)), Class::Gone);
        assert_eq!(classify(&EngineError::RequestTimeoutError), Class::Gone);
        assert_eq!(classify(&answer(404, "No such container")), Class::Refused(404));
    }

    #[test]
    fn the_kubelet_hears_the_engines_words_or_that_it_is_down() {
        let said = refused(RuntimeError::Start)(answer(400, "no command specified"));
        assert_eq!(said, RuntimeError::Start("no command specified".into()));
        let down = refused(RuntimeError::Start)(EngineError::RequestTimeoutError);
        assert!(matches!(down, RuntimeError::Unavailable(_)));
    }

    #[test]
    fn what_is_gone_already_is_settled() {
        assert!(settled::<()>(Err(answer(404, "No such container"))).is_ok());
        assert!(settled::<()>(Err(answer(409, "removal of container x is already in progress"))).is_ok());
        let taken = answer(409, "Conflict. The container name \"/x\" is already in use by container \"1\".");
        assert!(name_taken(&taken) && settled::<()>(Err(taken)).is_err());
    }

    #[test]
    fn hints_say_what_to_do_and_why() {
        let taken = DockerError::SubnetTaken {
            subnet: "10.96.0.0/11".into(),
            source: answer(403, "Pool overlaps with other one on this address space"),
        };
        let text = taken.hint().to_string();
        assert!(text.contains("timonel down") && text.contains("Pool overlaps"), "{text}");
    }
}
