//! Kubernetes' refusals → a paragraph in Spanish: what it says, why, what to do. A table of patterns; the first wins.
//! Must not hide the server's own words: they are shown beside it.

use std::sync::LazyLock;

use regex::Regex;

/// Pattern of the English text → Spanish; `$1`, `$2`… are its groups.
const TABLE: &[(&str, &str)] = &[
    // Reading the YAML.
    (
        r"mapping values are not allowed in this context",
        "La sangría no cuadra: esta línea dice «clave: valor» donde YAML no espera otra clave. Suele sobrar o faltar un espacio respecto de la línea de arriba, o a esa línea le faltan sus dos puntos. Alinéala con sus hermanas.",
    ),
    (
        r"found character that cannot start any token",
        "Hay un carácter que YAML no admite aquí; casi siempre es un tabulador. YAML se sangra solo con espacios: cámbialo por dos.",
    ),
    (
        r"did not find expected key",
        "YAML esperaba aquí una clave y encontró otra cosa: la sangría de esta línea no coincide con la de su bloque, o quedó algo sin cerrar. Alinea la línea con sus hermanas.",
    ),
    (
        r"did not find expected '-' indicator",
        "Esto está dentro de una lista y la línea no empieza con «-» a la altura de las demás. Ponle el guion o sángrala dentro del elemento.",
    ),
    (
        r"did not find expected ',' or|did not find expected node content",
        "Una llave o un corchete quedó sin cerrar, o falta una coma entre dos elementos. Ciérralo, o escribe la lista en varias líneas.",
    ),
    (
        r"could not find expected ':'",
        "Falta el «:» después de una clave, en esta línea o en la de arriba. En YAML cada campo se escribe «clave: valor», con un espacio tras los dos puntos.",
    ),
    (r"found unexpected end of stream", "Unas comillas se abrieron y no se cerraron."),
    (
        r"unknown anchor|unknown alias",
        "Se usa con «*» un ancla que no se definió antes con «&». Un texto que empieza por * o & va entre comillas.",
    ),
    (
        r"duplicate field .([^\x22]+).|mapping key .* already defined",
        "El campo $1 está escrito dos veces y solo contaría el último. Borra uno de los dos.",
    ),
    // The API server cannot read nor write.
    (
        r"rpc error: code = Unavailable|etcdserver: request timed out",
        "El API Server contesta, pero no llega a etcd, que es quien recuerda: mientras etcd no vuelva, no se puede leer ni cambiar nada. Los pods siguen.",
    ),
    // What kubectl itself refuses.
    (
        r"apiVersion not set, kind not set",
        "Al documento le faltan apiVersion y kind: sin ellos nadie sabe qué objeto es. Por ejemplo «apiVersion: v1» y «kind: Pod».",
    ),
    (
        r"apiVersion not set",
        "Falta apiVersion: el grupo y la versión del API a la que pertenece este kind. Por ejemplo v1 para un Pod, apps/v1 para un Deployment.",
    ),
    (r"kind not set", "Falta kind: el tipo de objeto. Por ejemplo Pod, Deployment o Service."),
    (
        r"invalid object to validate",
        "Esto no es un objeto: un manifiesto se compone de campos «clave: valor», empezando por apiVersion, kind y metadata.",
    ),
    (
        r#"no matches for kind "Deployment" in version "v1""#,
        "En la versión «v1» (el grupo central) no existe Deployment: vive en el grupo apps. kubectl ni siquiera lo envía. Escribe «apiVersion: apps/v1».",
    ),
    (
        r#"no matches for kind "([^"]*)" in version "([^"]*)""#,
        "Este servidor no tiene el kind $1 en la versión $2: el nombre está mal escrito, o pertenece a otro grupo o versión. kubectl ni siquiera lo envía. Mira los que hay con :recursos.",
    ),
    (
        r"resource name may not be empty|name or generateName is required",
        "Al objeto le falta nombre. Todo objeto necesita metadata.name para poder encontrarlo después. Añade «name:» dentro de metadata, con una sangría de dos espacios.",
    ),
    // Strict decoding.
    (
        r#"unknown field "metadata\.app""#,
        "metadata no tiene un campo «app». Lo que se quiere decir es una etiqueta: va en metadata.labels, como «labels:» y debajo «app: …». Las etiquetas son las que luego usa el selector.",
    ),
    (
        r#"unknown field "spec\.containers""#,
        "Un Deployment no tiene contenedores: tiene un molde de pods. Los contenedores van en spec.template.spec.containers. Mueve este bloque dentro de «template:» y «spec:».",
    ),
    (
        r#"unknown field "([^"]*)\.([^".]*)""#,
        "El campo «$2» no existe dentro de «$1»: está mal escrito (las mayúsculas cuentan) o está en otro lugar del que le toca. Sin pedir comprobación estricta el servidor lo tiraría sin decir nada. Pon el cursor en el campo de arriba para ver qué admite.",
    ),
    (
        r#"unknown field "([^"]*)""#,
        "El campo «$1» no existe en este tipo de objeto: está mal escrito o va en otro lugar. Revisa mayúsculas y sangría.",
    ),
    (
        r"cannot unmarshal bool into Go struct field EnvVar\.\S*value of type string",
        "Las variables de entorno son textos, y en YAML true y false (sin comillas) son booleanos. Escríbelo entre comillas: value: \"true\".",
    ),
    (
        r"cannot unmarshal number into Go struct field EnvVar\.\S*value of type string",
        "Las variables de entorno son textos, y un número sin comillas es un número. Escríbelo entre comillas: value: \"8080\".",
    ),
    (
        r"cannot unmarshal string into Go struct field \S*\.(\S+) of type u?int\d*",
        "«$1» debe ser un número y aquí hay un texto. Si es un número entre comillas, quítaselas.",
    ),
    (
        r"cannot unmarshal object into Go struct field \S*?\.(\S+) of type \[\]",
        "«$1» es una lista y aquí hay un solo objeto. Cada elemento de una lista empieza con «- ». Pon el guion, aunque haya uno solo.",
    ),
    (
        r"cannot unmarshal (?:array|string) into Go struct field \S*?\.(\S+) of type (?:map|v1\.|\w+\.)",
        "«$1» se compone de campos «clave: valor» y aquí hay otra cosa. Si hay un guion, quítalo y sangra los campos.",
    ),
    (
        r"cannot unmarshal (\w+) into Go struct field \S*?\.(\S+) of type bool",
        "«$2» es sí o no: se escribe true o false, sin comillas. Aquí hay un $1.",
    ),
    (
        r"cannot unmarshal (\w+) into Go struct field \S*?\.(\S+) of type (\S+)",
        "El valor de «$2» es de otro tipo: hay un $1 y debe ser $3. Los textos que parecen números o booleanos van entre comillas; los números, sin ellas.",
    ),
    (r"cannot unmarshal", "Un valor es de otro tipo que el que pide su campo. Revisa comillas, guiones y sangría."),
    (
        r"quantities must match the regular expression",
        "Una cantidad no se entiende. La CPU se escribe 500m (milésimas) o 2; la memoria, 128Mi o 1Gi. Sin espacios ni palabras.",
    ),
    // Validation.
    (
        r"spec\.selector: Required value",
        "Un Deployment necesita saber qué pods son suyos: falta spec.selector. Añade «selector:», dentro «matchLabels:», y las mismas etiquetas que lleva el molde (template).",
    ),
    (
        r"`selector` does not match template `labels`",
        "El selector busca unas etiquetas y el molde (template) crea pods con otras (o sin ninguna): el Deployment nunca encontraría sus propios pods. Las de spec.selector.matchLabels tienen que estar, iguales, en spec.template.metadata.labels.",
    ),
    (
        r"spec\.template\.spec\.containers: Required value",
        "El molde (template) no tiene contenedores: un pod necesita al menos uno. Va en spec.template.spec.containers, como lista.",
    ),
    (
        r"(\S+)\.image: Required value",
        "Al contenedor le falta la imagen: de qué arrancarlo. Añade «image:» con su nombre.",
    ),
    (r"(\S+): Required value", "Falta $1, que es obligatorio. Añádelo con su sangría."),
    (
        r#"(\S+): Duplicate value: "?([^"]*)"?"#,
        "«$2» está repetido: en $1 no puede haber dos iguales. Cambia uno de los dos.",
    ),
    (
        r#"(\S+): Unsupported value: "?([^"]*)"?: supported values: (.*)"#,
        "$1 no admite «$2». Los valores posibles son $3; las mayúsculas cuentan.",
    ),
    (
        r"(\S+): Invalid value: \S+: must be between (\S+) and (\S+), inclusive",
        "$1 está fuera de rango: debe estar entre $2 y $3.",
    ),
    (r"(\S+): Invalid value: \S+: must be greater than or equal to 0", "$1 no puede ser negativo."),
    (
        r"(\S+): Invalid value: \S+: must be less than or equal to (\w+) limit of (\S+)",
        "Se pide más $2 de lo que se permite: la petición (requests) no puede pasar del límite (limits), que es $3. Baja una o sube el otro.",
    ),
    (
        r"(\S+): Not found: .(\S+?).$",
        "Se nombra «$2» y no está definido en este mismo objeto. Si es un volumen, decláralo en spec.volumes con ese nombre.",
    ),
    (
        r"a valid label key must consist",
        "La clave de una etiqueta solo admite letras, números, «-», «_» y «.», y como mucho una «/» que separe un dominio: por ejemplo app.kubernetes.io/name.",
    ),
    (
        r"a valid label must be an empty string",
        "El valor de una etiqueta no admite espacios ni acentos: letras, números, «-», «_» y «.», y empieza y acaba en letra o número.",
    ),
    (
        r"a lowercase RFC 1123 (?:label|subdomain) must consist",
        "Los nombres van en minúsculas: letras, números y «-» (y «.» en algunos), empezando y acabando en letra o número. Sirven como nombres de red, por eso son tan estrictos.",
    ),
    (
        r"a DNS-1035 label must consist",
        "El nombre de un Service va en minúsculas, empieza por letra y solo admite letras, números y «-»: será un nombre de DNS.",
    ),
    (r"must be no more than (\d+) (?:characters|bytes)", "Es demasiado largo: como mucho $1 letras."),
    (
        r"field is immutable",
        "Este campo no se puede cambiar una vez creado el objeto. Para cambiarlo hay que borrar el objeto y crearlo de nuevo.",
    ),
    (
        r"pod updates may not change fields other than",
        "De un pod ya creado casi nada se puede cambiar: solo la imagen y poco más. Se cambia el molde de su Deployment, o se borra y se crea otro.",
    ),
    (
        r"provided port is already allocated",
        "Ese nodePort ya lo usa otro Service. Elige otro entre 30000 y 32767, o quítalo y el servidor elegirá uno.",
    ),
    (
        r"provided IP is already allocated",
        "Esa clusterIP ya la tiene otro Service. Quita el campo y el servidor elegirá una libre.",
    ),
    (
        r"no rollout history found",
        "No hay una versión anterior a la que volver: de su molde solo se conoce la de ahora.",
    ),
    // The rest of the server's answers.
    (
        r"the object has been modified; please apply your changes to the latest version",
        "Alguien cambió el objeto mientras lo editabas. Vuelve a abrirlo y repite tu cambio sobre la última versión.",
    ),
    (r#"namespaces "([^"]*)" not found"#, "El namespace $1 no existe. Créalo antes, o cambia metadata.namespace."),
    (r#"(\S+) "([^"]*)" not found"#, "No existe $1 con el nombre $2. Mira cuáles hay con :$1."),
    (r#"(\S+) "([^"]*)" already exists"#, "Ya existe $1 con el nombre $2. Cambia el nombre o edita el que hay."),
    (r"exceeded quota", "El namespace tiene una cuota y esto la pasa. Pide menos, borra algo o sube la cuota."),
    (r"is forbidden", "No tienes permiso para esto. Quién puede qué lo dicen los Roles y RoleBindings."),
    (
        r"being terminated",
        "El namespace se está borrando y ya no admite objetos nuevos. Espera a que se vaya, o usa otro.",
    ),
    (
        r"the server could not find the requested resource",
        "El servidor no tiene ese recurso: la versión o el nombre no existen en él.",
    ),
    (r"Invalid value", "El valor no cumple una regla de este campo. La regla está en el texto del servidor, abajo."),
];

static COMPILED: LazyLock<Vec<(Regex, &'static str)>> =
    LazyLock::new(|| TABLE.iter().filter_map(|(pattern, text)| Some((Regex::new(pattern).ok()?, *text))).collect());

/// What a text of Kubernetes means.
pub fn explain(english: &str) -> String {
    known(english).unwrap_or_else(|| "El servidor lo rechaza por la razón que da abajo.".into())
}

/// The same, where the text is one of those that the table has.
fn known(english: &str) -> Option<String> {
    let known = COMPILED.iter().find_map(|(pattern, text)| pattern.captures(english).map(|found| (found, *text)));
    let (found, text) = known?;
    let mut out = String::new();
    found.expand(&text.replace("«$1»", "«${1}»"), &mut out);
    Some(out)
}

/// The same, with the first line of Kubernetes' own words, for where there is no other place for them.
pub fn in_one(english: &str) -> Option<String> {
    let words = english.lines().next().unwrap_or_default();
    known(english).map(|meaning| format!("{} «{words}»", meaning.replace(", abajo.", ":")))
}

/// How many patterns there are, and how many of them are valid expressions.
#[cfg(test)]
pub fn sizes() -> (usize, usize) {
    (TABLE.len(), COMPILED.len())
}
