//! The arguments as data, with their help in Spanish. Must not act on them.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const TEMPLATE: &str = "{about-with-newline}\nUso: {usage}\n\n{all-args}{after-help}";
const ARGUMENTS: &str = "{about-with-newline}\nUso: {usage}\n\n{all-args}";
const LEAF: &str = "{about-with-newline}\nUso: {usage}\n\nOpciones:\n{options}{after-help}\n";

/// `timonel`: without a command, the dashboard.
#[derive(Debug, Parser)]
#[command(
    name = "timonel",
    version,
    about = "Timonel: aprende Kubernetes gobernando un clúster de verdad desde la terminal.",
    after_help = "\nSin comando abre el tablero con un clúster propio (o se une al que ya corre en --data-dir).\n\
                  Dentro, «?» muestra la ayuda y «q» sale.",
    help_template = TEMPLATE,
    override_usage = "timonel [OPCIONES] [COMANDO]",
    subcommand_help_heading = "Comandos",
    next_help_heading = "Opciones",
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What to do; the dashboard when absent.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of the dashboard.
    #[command(flatten)]
    pub dashboard: DashboardArgs,
    /// Flags that every command takes.
    #[command(flatten)]
    pub common: Common,
}

/// Flags that every command takes.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// Muestra esta ayuda.
    #[arg(short = 'h', long, action = clap::ArgAction::Help, global = true)]
    pub help: Option<bool>,
    /// Muestra la versión.
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    pub version: Option<bool>,
    /// Carpeta donde el clúster guarda su estado [por omisión: la de datos del usuario].
    #[arg(long, value_name = "CARPETA", env = "TIMONEL_DATA_DIR", hide_env = true, global = true)]
    pub data_dir: Option<PathBuf>,
}

/// The commands beside the dashboard.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Arranca el clúster sin tablero, para kubectl y otros clientes.
    #[command(help_template = LEAF, override_usage = "timonel server [OPCIONES]")]
    Server(ServerArgs),
    /// Mira qué hay en esta máquina para Timonel, qué falta y qué hacer.
    #[command(help_template = LEAF, override_usage = "timonel doctor [OPCIONES]")]
    Doctor(ClusterArgs),
    /// Quita del motor de contenedores todo lo que este clúster creó.
    #[command(help_template = LEAF, override_usage = "timonel down [OPCIONES]")]
    Down,
    /// Imprime un cuadro del tablero como texto.
    #[command(help_template = LEAF, override_usage = "timonel frame [OPCIONES]")]
    Frame(FrameArgs),
    /// Las lecciones: comprobarlas, escribirlas, enseñar con ellas.
    #[command(help_template = TEMPLATE, subcommand_help_heading = "Comandos", disable_help_subcommand = true, override_usage = "timonel lessons COMANDO")]
    Lessons(LessonsArgs),
    /// El kubectl de Timonel: get, apply, create, logs… contra este clúster u otro.
    #[command(disable_help_flag = true, override_usage = "timonel kubectl COMANDO [OPCIONES]")]
    Kubectl(KubectlArgs),
    /// Mide lo rápido que es una parte.
    #[command(hide = true, help_template = LEAF, override_usage = "timonel bench api|scale [OPCIONES]")]
    Bench(BenchArgs),
    /// Programas que Timonel ejecuta dentro de sus propios contenedores.
    #[command(hide = true)]
    Guest(GuestArgs),
}

/// Options of the dashboard.
#[derive(Clone, Debug, Default, Args)]
pub struct DashboardArgs {
    /// Abre otro clúster: el contexto con este nombre de tu kubeconfig.
    #[arg(long, value_name = "NOMBRE")]
    pub context: Option<String>,
    /// Abre el clúster de este archivo kubeconfig.
    #[arg(long, value_name = "ARCHIVO")]
    pub kubeconfig: Option<PathBuf>,
    /// Solo mirar: ninguna acción cambia el clúster.
    #[arg(long = "solo-lectura")]
    pub read_only: bool,
    /// Archivo de configuración del tablero [por omisión: timonel/config.toml en la carpeta de configuración].
    #[arg(long, value_name = "ARCHIVO", env = "TIMONEL_CONFIG", hide_env = true)]
    pub config: Option<PathBuf>,
    /// Abre este manifiesto en el editor.
    #[arg(long, value_name = "ARCHIVO")]
    pub edit: Option<PathBuf>,
    /// Abre esta lección, por ejemplo 1.3.
    #[arg(long, value_name = "N.N")]
    pub lesson: Option<String>,
    /// Esconde las pistas y soluciones de las lecciones (para docentes).
    #[arg(long)]
    pub no_hints: bool,
    /// The lessons of a folder instead of those in the executable.
    #[arg(skip)]
    pub lessons: Option<PathBuf>,
    /// Qué vista abrir primero, como en la paleta: pods, deployments, eventos… [por omisión: el puente].
    #[arg(long, value_name = "VISTA")]
    pub view: Option<String>,
    /// The cluster that is started when none runs yet.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Ritmo de las esperas largas: real o clase (diez veces más rápido) [por omisión: clase].
    #[arg(long, value_name = "RITMO", hide_possible_values = true)]
    pub timing: Option<TimingArg>,
}

/// What the embedded cluster is made of.
#[derive(Clone, Debug, Args)]
pub struct ClusterArgs {
    /// Cuántos workers [por omisión: 3].
    #[arg(long, value_name = "N", default_value_t = 3, hide_default_value = true, value_parser = clap::value_parser!(u32).range(0..=2000))]
    pub workers: u32,
    /// Dónde corren los contenedores: auto, embedded o docker [por omisión: auto].
    #[arg(long, value_name = "MOTOR", default_value = "auto", hide_default_value = true, hide_possible_values = true)]
    pub runtime: RuntimeArg,
    /// Dónde se guarda el estado: sled (en disco) o memory [por omisión: sled].
    #[arg(
        long,
        value_name = "ALMACÉN",
        default_value = "sled",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub store: StoreArg,
    /// CPU de cada worker [por omisión: 2].
    #[arg(long, value_name = "CPU", default_value = "2", hide_default_value = true)]
    pub worker_cpu: String,
    /// Memoria de cada worker [por omisión: 4Gi].
    #[arg(long, value_name = "MEMORIA", default_value = "4Gi", hide_default_value = true)]
    pub worker_memory: String,
    /// Pods que caben en cada worker [por omisión: 110].
    #[arg(long, value_name = "N", default_value_t = 110, hide_default_value = true)]
    pub worker_pods: u32,
    /// Red de los pods [por omisión: 10.244.0.0/16; en Docker 10.112.0.0/16].
    #[arg(long, value_name = "RED")]
    pub pod_cidr: Option<String>,
    /// Red de los servicios [por omisión: 10.96.0.0/12].
    #[arg(long, value_name = "RED", default_value = "10.96.0.0/12", hide_default_value = true)]
    pub service_cidr: String,
    /// Red de Docker que contiene a las dos anteriores [por omisión: 10.96.0.0/11].
    #[arg(long, value_name = "RED", default_value = "10.96.0.0/11", hide_default_value = true)]
    pub docker_subnet: String,
}

impl Default for ClusterArgs {
    fn default() -> Self {
        Self {
            workers: 3,
            runtime: RuntimeArg::Auto,
            store: StoreArg::Sled,
            worker_cpu: "2".into(),
            worker_memory: "4Gi".into(),
            worker_pods: 110,
            pod_cidr: None,
            service_cidr: "10.96.0.0/12".into(),
            docker_subnet: "10.96.0.0/11".into(),
        }
    }
}

/// `timonel server`.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// Dirección del API Server; solo en 127.0.0.0/8 [por omisión: 127.0.0.1:6443].
    #[arg(long, value_name = "IP:PUERTO", default_value = "127.0.0.1:6443", hide_default_value = true)]
    pub listen: SocketAddr,
    /// Dónde escribir el kubeconfig [por omisión: kubeconfig, en la carpeta de datos].
    #[arg(long, value_name = "ARCHIVO")]
    pub kubeconfig: Option<PathBuf>,
    /// What the cluster is made of.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Ritmo de las esperas largas: real o clase (diez veces más rápido) [por omisión: real].
    #[arg(long, value_name = "RITMO", default_value = "real", hide_default_value = true, hide_possible_values = true)]
    pub timing: TimingArg,
    /// Partes que no arrancan: scheduler, controller-manager, kubelet, kube-proxy; separadas por comas.
    #[arg(long, value_name = "PARTES", value_delimiter = ',', hide_possible_values = true)]
    pub disable: Vec<PartArg>,
    /// Usuarios con token fijo: un CSV con token,usuario,uid,"grupo1,grupo2".
    #[arg(long, value_name = "ARCHIVO")]
    pub token_auth_file: Option<PathBuf>,
    /// Who decides what each one may do.
    #[arg(
        long,
        value_name = "MODO",
        default_value = "RBAC",
        hide_default_value = true,
        hide_possible_values = true,
        help = "Quién decide lo que cada uno puede hacer: RBAC o AlwaysAllow [por omisión: RBAC]"
    )]
    pub authorization_mode: AuthorizationArg,
}

/// `timonel frame`.
#[derive(Debug, Args)]
pub struct FrameArgs {
    /// Qué vista: bridge, pods, deployments, services, nodes… [por omisión: bridge].
    #[arg(long, value_name = "VISTA", default_value = "bridge", hide_default_value = true)]
    pub view: String,
    /// Columnas por filas [por omisión: 120x40].
    #[arg(long, value_name = "CxF", default_value = "120x40", hide_default_value = true, value_parser = size)]
    pub size: (u16, u16),
    /// Qué clúster [por omisión: el de la carpeta de datos].
    #[arg(long, value_name = "ARCHIVO")]
    pub kubeconfig: Option<PathBuf>,
    /// Qué contexto del kubeconfig.
    #[arg(long, value_name = "NOMBRE")]
    pub context: Option<String>,
}

/// `timonel lessons`.
#[derive(Debug, Args)]
pub struct LessonsArgs {
    /// What to do with the lessons.
    #[command(subcommand)]
    pub command: LessonsCommand,
}

/// What to do with the lessons.
#[derive(Debug, Subcommand)]
pub enum LessonsCommand {
    /// Comprueba cada lección: falla intacta y se aprueba con su solución.
    #[command(help_template = ARGUMENTS, next_help_heading = "Opciones", override_usage = "timonel lessons check [CARPETA]")]
    Check(CheckArgs),
    /// Escribe una lección nueva, pequeña y entera, para empezar desde ella.
    #[command(help_template = ARGUMENTS, next_help_heading = "Opciones", override_usage = "timonel lessons new NNN-NOMBRE")]
    New {
        /// Su carpeta: módulo, número y nombre, como 103-alta-disponibilidad.
        #[arg(value_name = "NNN-NOMBRE", help_heading = "Argumentos")]
        name: String,
        /// Dónde escribirla [por omisión: la carpeta actual].
        #[arg(long, value_name = "CARPETA", default_value = ".", hide_default_value = true)]
        folder: PathBuf,
    },
    /// Abre el tablero con las lecciones de una carpeta.
    #[command(help_template = ARGUMENTS, next_help_heading = "Opciones", override_usage = "timonel lessons play CARPETA [OPCIONES]")]
    Play(Box<PlayArgs>),
    /// El guion para docentes: objetivos, creencias y soluciones, como Markdown.
    #[command(help_template = ARGUMENTS, next_help_heading = "Opciones", override_usage = "timonel lessons script [N.N]")]
    Script {
        /// Qué lección [por omisión: todas].
        #[arg(value_name = "N.N", help_heading = "Argumentos")]
        lesson: Option<String>,
    },
    /// El informe de un estudiante, como Markdown.
    #[command(help_template = ARGUMENTS, next_help_heading = "Opciones", override_usage = "timonel lessons report [OPCIONES]")]
    Report {
        /// Cómo se llama.
        #[arg(long, value_name = "NOMBRE", default_value = "Estudiante", hide_default_value = true)]
        student: String,
        /// Su progreso exportado [por omisión: el de la carpeta de datos].
        #[arg(long, value_name = "ARCHIVO")]
        progress: Option<PathBuf>,
    },
    /// Copia tu progreso a un archivo.
    #[command(help_template = ARGUMENTS, next_help_heading = "Opciones", override_usage = "timonel lessons export ARCHIVO")]
    Export {
        /// El archivo.
        #[arg(value_name = "ARCHIVO", help_heading = "Argumentos")]
        file: PathBuf,
    },
    /// Suma a tu progreso el de un archivo; lo que esté más avanzado se queda.
    #[command(help_template = ARGUMENTS, next_help_heading = "Opciones", override_usage = "timonel lessons import ARCHIVO")]
    Import {
        /// El archivo.
        #[arg(value_name = "ARCHIVO", help_heading = "Argumentos")]
        file: PathBuf,
    },
    /// Escribe el certificado: las lecciones aprobadas, con todo lo que pasó en ellas.
    #[command(help_template = ARGUMENTS, next_help_heading = "Opciones", override_usage = "timonel lessons certificate ARCHIVO [OPCIONES]")]
    Certificate {
        /// El archivo que se escribe.
        #[arg(value_name = "ARCHIVO", help_heading = "Argumentos")]
        file: PathBuf,
        /// De quién es.
        #[arg(long, value_name = "NOMBRE", default_value = "Estudiante", hide_default_value = true)]
        student: String,
    },
    /// Comprueba un certificado: repite cada lección y mira si se aprueba.
    #[command(help_template = ARGUMENTS, next_help_heading = "Opciones", override_usage = "timonel lessons verify ARCHIVO")]
    Verify {
        /// El certificado.
        #[arg(value_name = "ARCHIVO", help_heading = "Argumentos")]
        file: PathBuf,
    },
}

/// `timonel lessons play`.
#[derive(Debug, Args)]
pub struct PlayArgs {
    /// Carpeta con una lección o con varias.
    #[arg(value_name = "CARPETA", help_heading = "Argumentos")]
    pub folder: PathBuf,
    /// Options of the dashboard.
    #[command(flatten)]
    pub dashboard: DashboardArgs,
}

/// `timonel lessons check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Carpeta con lecciones [por omisión: las que trae Timonel].
    #[arg(value_name = "CARPETA", help_heading = "Argumentos")]
    pub folder: Option<PathBuf>,
    /// Con cuántas semillas se juega cada solución [por omisión: 1].
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true)]
    pub seeds: u64,
    /// Cuántas partidas a la vez [por omisión: tantas como núcleos].
    #[arg(long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    /// Juega la primera solución de cada lección con contenedores de verdad: docker [por omisión: embedded, en tiempo virtual].
    #[arg(
        long,
        value_name = "MOTOR",
        default_value = "embedded",
        hide_default_value = true,
        hide_possible_values = true,
        conflicts_with = "kubeconfig"
    )]
    pub runtime: RuntimeArg,
    /// Juega la primera solución de cada lección que quepa en el clúster de este kubeconfig (uno de pruebas: crea y borra cosas en él).
    #[arg(long, value_name = "ARCHIVO")]
    pub kubeconfig: Option<PathBuf>,
    /// Dice cada partida y cuánto tarda cada lección.
    #[arg(long, short)]
    pub verbose: bool,
}

/// `timonel kubectl`.
#[derive(Debug, Args)]
pub struct KubectlArgs {
    /// Everything that follows the word.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTOS")]
    pub args: Vec<String>,
}

/// `timonel bench`.
#[derive(Clone, Debug, Args)]
pub struct BenchArgs {
    /// Qué se mide.
    #[arg(value_name = "PARTE", default_value = "api", value_parser = ["api", "scale"], hide_possible_values = true)]
    pub part: String,
    /// Cuántos pods hay en el almacén.
    #[arg(long, value_name = "N", default_value_t = 3200)]
    pub pods: usize,
    /// Cuántos workers tiene el clúster (scale).
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub workers: u32,
    /// Cuántas conexiones piden a la vez.
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub connections: usize,
    /// Cuántos miran.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub watchers: usize,
    /// Cuántas escrituras ve cada uno de los que miran.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub writes: usize,
}

/// `timonel guest`.
#[derive(Debug, Args)]
pub struct GuestArgs {
    /// Which program.
    pub program: String,
    /// Its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<String>,
}

/// Where containers run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RuntimeArg {
    /// Docker where an engine answers, else embedded.
    #[default]
    Auto,
    /// Tasks of this process.
    Embedded,
    /// A Docker engine.
    Docker,
}

/// Where state is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StoreArg {
    /// On disk.
    #[default]
    Sled,
    /// In memory, forgotten at the end.
    Memory,
}

/// Parts that can be left out, by the names of their programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PartArg {
    /// Chooses nodes.
    Scheduler,
    /// Every controller.
    ControllerManager,
    /// The kubelets of all workers.
    Kubelet,
    /// The proxy of the services.
    KubeProxy,
}

/// Who decides what a user may do, by kube-apiserver's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AuthorizationArg {
    /// The roles.
    #[default]
    #[value(name = "RBAC")]
    Rbac,
    /// Nobody is refused.
    #[value(name = "AlwaysAllow")]
    AlwaysAllow,
}

/// How fast the slow waits pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TimingArg {
    /// Kubernetes' own figures.
    #[default]
    Real,
    /// Ten times faster.
    Clase,
}

/// `120x40` → (120, 40).
fn size(text: &str) -> Result<(u16, u16), String> {
    let problem = || format!("«{text}» no es un tamaño: escribe columnas por filas, por ejemplo 120x40");
    let (columns, rows) = text.split_once('x').ok_or_else(problem)?;
    Ok((columns.parse().map_err(|_| problem())?, rows.parse().map_err(|_| problem())?))
}
