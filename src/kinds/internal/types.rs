//! The fields of Kubernetes' internal types under a pod spec, in their order (`pkg/apis/core/types.go`). Must hold only facts.

/// Go name, name in the API, and what it holds.
pub(super) struct Field(pub(super) &'static str, pub(super) &'static str, pub(super) Shape);

/// The fields of one Go struct.
pub(super) type Type = [Field];

/// What a field holds, which tells how its absence is written.
pub(super) enum Shape {
    Text,
    Number,
    Flag,
    /// A pointer, map or list that writes itself as the API has it; null when absent.
    Plain,
    /// A struct that is always there.
    Struct(&'static Type),
    /// A struct that may be null.
    Pointer(&'static Type),
    /// A list of structs; null when absent.
    List(&'static Type),
}

use Shape::{Flag, List, Number, Plain, Pointer, Struct, Text};

pub(super) const POD_SPEC: &Type = &[
    Field("Volumes", "volumes", List(VOLUME)),
    Field("InitContainers", "initContainers", List(CONTAINER)),
    Field("Containers", "containers", List(CONTAINER)),
    Field("EphemeralContainers", "ephemeralContainers", List(CONTAINER)),
    Field("RestartPolicy", "restartPolicy", Text),
    Field("TerminationGracePeriodSeconds", "terminationGracePeriodSeconds", Plain),
    Field("ActiveDeadlineSeconds", "activeDeadlineSeconds", Plain),
    Field("DNSPolicy", "dnsPolicy", Text),
    Field("NodeSelector", "nodeSelector", Plain),
    Field("ServiceAccountName", "serviceAccountName", Text),
    Field("AutomountServiceAccountToken", "automountServiceAccountToken", Plain),
    Field("NodeName", "nodeName", Text),
    Field("SecurityContext", "securityContext", Pointer(POD_SECURITY)),
    Field("ImagePullSecrets", "imagePullSecrets", List(NAMED)),
    Field("Hostname", "hostname", Text),
    Field("Subdomain", "subdomain", Text),
    Field("SetHostnameAsFQDN", "setHostnameAsFQDN", Plain),
    Field("Affinity", "affinity", Pointer(AFFINITY)),
    Field("SchedulerName", "schedulerName", Text),
    Field("Tolerations", "tolerations", List(TOLERATION)),
    Field("HostAliases", "hostAliases", List(HOST_ALIAS)),
    Field("PriorityClassName", "priorityClassName", Text),
    Field("Priority", "priority", Plain),
    Field("PreemptionPolicy", "preemptionPolicy", Plain),
    Field("DNSConfig", "dnsConfig", Pointer(DNS_CONFIG)),
    Field("ReadinessGates", "readinessGates", List(&[Field("ConditionType", "conditionType", Text)])),
    Field("RuntimeClassName", "runtimeClassName", Plain),
    Field("Overhead", "overhead", Plain),
    Field("EnableServiceLinks", "enableServiceLinks", Plain),
    Field("TopologySpreadConstraints", "topologySpreadConstraints", List(SPREAD)),
    Field("OS", "os", Pointer(NAMED)),
    Field("SchedulingGates", "schedulingGates", List(NAMED)),
    Field("ResourceClaims", "resourceClaims", List(CLAIM)),
    Field("Resources", "resources", Pointer(RESOURCES)),
    Field("HostnameOverride", "hostnameOverride", Plain),
    Field("SchedulingGroup", "schedulingGroup", Plain),
];

const NAMED: &Type = &[Field("Name", "name", Text)];

const CLAIM: &Type = &[
    Field("Name", "name", Text),
    Field("ResourceClaimName", "resourceClaimName", Plain),
    Field("ResourceClaimTemplateName", "resourceClaimTemplateName", Plain),
];

const HOST_ALIAS: &Type = &[Field("IP", "ip", Text), Field("Hostnames", "hostnames", Plain)];

const DNS_CONFIG: &Type = &[
    Field("Nameservers", "nameservers", Plain),
    Field("Searches", "searches", Plain),
    Field("Options", "options", List(&[Field("Name", "name", Text), Field("Value", "value", Plain)])),
];

const TOLERATION: &Type = &[
    Field("Key", "key", Text),
    Field("Operator", "operator", Text),
    Field("Value", "value", Text),
    Field("Effect", "effect", Text),
    Field("TolerationSeconds", "tolerationSeconds", Plain),
];

const SPREAD: &Type = &[
    Field("MaxSkew", "maxSkew", Number),
    Field("TopologyKey", "topologyKey", Text),
    Field("WhenUnsatisfiable", "whenUnsatisfiable", Text),
    Field("LabelSelector", "labelSelector", Plain),
    Field("MinDomains", "minDomains", Plain),
    Field("NodeAffinityPolicy", "nodeAffinityPolicy", Plain),
    Field("NodeTaintsPolicy", "nodeTaintsPolicy", Plain),
    Field("MatchLabelKeys", "matchLabelKeys", Plain),
];

const CONTAINER: &Type = &[
    Field("Name", "name", Text),
    Field("Image", "image", Text),
    Field("Command", "command", Plain),
    Field("Args", "args", Plain),
    Field("WorkingDir", "workingDir", Text),
    Field("Ports", "ports", List(PORT)),
    Field("EnvFrom", "envFrom", List(ENV_FROM)),
    Field("Env", "env", List(ENV)),
    Field("Resources", "resources", Struct(RESOURCES)),
    Field("ResizePolicy", "resizePolicy", List(RESIZE)),
    Field("RestartPolicy", "restartPolicy", Plain),
    Field("RestartPolicyRules", "restartPolicyRules", Plain),
    Field("VolumeMounts", "volumeMounts", List(MOUNT)),
    Field("VolumeDevices", "volumeDevices", List(DEVICE)),
    Field("LivenessProbe", "livenessProbe", Pointer(PROBE)),
    Field("ReadinessProbe", "readinessProbe", Pointer(PROBE)),
    Field("StartupProbe", "startupProbe", Pointer(PROBE)),
    Field("Lifecycle", "lifecycle", Pointer(LIFECYCLE)),
    Field("TerminationMessagePath", "terminationMessagePath", Text),
    Field("TerminationMessagePolicy", "terminationMessagePolicy", Text),
    Field("ImagePullPolicy", "imagePullPolicy", Text),
    Field("SecurityContext", "securityContext", Pointer(SECURITY)),
    Field("Stdin", "stdin", Flag),
    Field("StdinOnce", "stdinOnce", Flag),
    Field("TTY", "tty", Flag),
];

const PORT: &Type = &[
    Field("Name", "name", Text),
    Field("HostPort", "hostPort", Number),
    Field("ContainerPort", "containerPort", Number),
    Field("Protocol", "protocol", Text),
    Field("HostIP", "hostIP", Text),
];

const OPTIONAL: &Type = &[Field("Name", "name", Text), Field("Optional", "optional", Plain)];

const ENV_FROM: &Type = &[
    Field("Prefix", "prefix", Text),
    Field("ConfigMapRef", "configMapRef", Pointer(OPTIONAL)),
    Field("SecretRef", "secretRef", Pointer(OPTIONAL)),
];

const ENV: &Type =
    &[Field("Name", "name", Text), Field("Value", "value", Text), Field("ValueFrom", "valueFrom", Pointer(ENV_SOURCE))];

const ENV_SOURCE: &Type = &[
    Field("FieldRef", "fieldRef", Pointer(FIELD_REF)),
    Field("ResourceFieldRef", "resourceFieldRef", Pointer(RESOURCE_REF)),
    Field("ConfigMapKeyRef", "configMapKeyRef", Pointer(KEY_REF)),
    Field("SecretKeyRef", "secretKeyRef", Pointer(KEY_REF)),
    Field("FileKeyRef", "fileKeyRef", Plain),
];

const FIELD_REF: &Type = &[Field("APIVersion", "apiVersion", Text), Field("FieldPath", "fieldPath", Text)];
const KEY_REF: &Type = &[Field("Name", "name", Text), Field("Key", "key", Text), Field("Optional", "optional", Plain)];

const RESOURCE_REF: &Type = &[
    Field("ContainerName", "containerName", Text),
    Field("Resource", "resource", Text),
    Field("Divisor", "divisor", Plain),
];

const RESOURCES: &Type = &[
    Field("Limits", "limits", Plain),
    Field("Requests", "requests", Plain),
    Field("Claims", "claims", List(&[Field("Name", "name", Text), Field("Request", "request", Text)])),
];

const RESIZE: &Type = &[Field("ResourceName", "resourceName", Text), Field("RestartPolicy", "restartPolicy", Text)];

const MOUNT: &Type = &[
    Field("Name", "name", Text),
    Field("ReadOnly", "readOnly", Flag),
    Field("RecursiveReadOnly", "recursiveReadOnly", Plain),
    Field("MountPath", "mountPath", Text),
    Field("SubPath", "subPath", Text),
    Field("MountPropagation", "mountPropagation", Plain),
    Field("SubPathExpr", "subPathExpr", Text),
];

const DEVICE: &Type = &[Field("Name", "name", Text), Field("DevicePath", "devicePath", Text)];

const PROBE: &Type = &[
    Field("Exec", "exec", Pointer(EXEC)),
    Field("HTTPGet", "httpGet", Pointer(HTTP)),
    Field("TCPSocket", "tcpSocket", Pointer(TCP)),
    Field("GRPC", "grpc", Pointer(&[Field("Port", "port", Number), Field("Service", "service", Plain)])),
    Field("InitialDelaySeconds", "initialDelaySeconds", Number),
    Field("TimeoutSeconds", "timeoutSeconds", Number),
    Field("PeriodSeconds", "periodSeconds", Number),
    Field("SuccessThreshold", "successThreshold", Number),
    Field("FailureThreshold", "failureThreshold", Number),
    Field("TerminationGracePeriodSeconds", "terminationGracePeriodSeconds", Plain),
];

const EXEC: &Type = &[Field("Command", "command", Plain)];
const TCP: &Type = &[Field("Port", "port", Plain), Field("Host", "host", Text)];

const HTTP: &Type = &[
    Field("Path", "path", Text),
    Field("Port", "port", Plain),
    Field("Host", "host", Text),
    Field("Scheme", "scheme", Text),
    Field("HTTPHeaders", "httpHeaders", List(&[Field("Name", "name", Text), Field("Value", "value", Text)])),
];

const LIFECYCLE: &Type = &[
    Field("PostStart", "postStart", Pointer(HOOK)),
    Field("PreStop", "preStop", Pointer(HOOK)),
    Field("StopSignal", "stopSignal", Plain),
];

const HOOK: &Type = &[
    Field("Exec", "exec", Pointer(EXEC)),
    Field("HTTPGet", "httpGet", Pointer(HTTP)),
    Field("TCPSocket", "tcpSocket", Pointer(TCP)),
    Field("Sleep", "sleep", Pointer(&[Field("Seconds", "seconds", Number)])),
];

const SECURITY: &Type = &[
    Field("Capabilities", "capabilities", Pointer(&[Field("Add", "add", Plain), Field("Drop", "drop", Plain)])),
    Field("Privileged", "privileged", Plain),
    Field("SELinuxOptions", "seLinuxOptions", Pointer(SELINUX)),
    Field("WindowsOptions", "windowsOptions", Plain),
    Field("RunAsUser", "runAsUser", Plain),
    Field("RunAsGroup", "runAsGroup", Plain),
    Field("RunAsNonRoot", "runAsNonRoot", Plain),
    Field("ReadOnlyRootFilesystem", "readOnlyRootFilesystem", Plain),
    Field("AllowPrivilegeEscalation", "allowPrivilegeEscalation", Plain),
    Field("ProcMount", "procMount", Plain),
    Field("SeccompProfile", "seccompProfile", Pointer(PROFILE)),
    Field("AppArmorProfile", "appArmorProfile", Pointer(PROFILE)),
];

const SELINUX: &Type = &[
    Field("User", "user", Text),
    Field("Role", "role", Text),
    Field("Type", "type", Text),
    Field("Level", "level", Text),
];

const PROFILE: &Type = &[Field("Type", "type", Text), Field("LocalhostProfile", "localhostProfile", Plain)];

const POD_SECURITY: &Type = &[
    Field("HostNetwork", "hostNetwork", Flag),
    Field("HostPID", "hostPID", Flag),
    Field("HostIPC", "hostIPC", Flag),
    Field("ShareProcessNamespace", "shareProcessNamespace", Plain),
    Field("HostUsers", "hostUsers", Plain),
    Field("SELinuxOptions", "seLinuxOptions", Pointer(SELINUX)),
    Field("WindowsOptions", "windowsOptions", Plain),
    Field("RunAsUser", "runAsUser", Plain),
    Field("RunAsGroup", "runAsGroup", Plain),
    Field("RunAsNonRoot", "runAsNonRoot", Plain),
    Field("SupplementalGroups", "supplementalGroups", Plain),
    Field("SupplementalGroupsPolicy", "supplementalGroupsPolicy", Plain),
    Field("FSGroup", "fsGroup", Plain),
    Field("FSGroupChangePolicy", "fsGroupChangePolicy", Plain),
    Field("Sysctls", "sysctls", List(&[Field("Name", "name", Text), Field("Value", "value", Text)])),
    Field("SeccompProfile", "seccompProfile", Pointer(PROFILE)),
    Field("AppArmorProfile", "appArmorProfile", Pointer(PROFILE)),
    Field("SELinuxChangePolicy", "seLinuxChangePolicy", Plain),
];

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

const AFFINITY: &Type = &[
    Field("NodeAffinity", "nodeAffinity", Pointer(NODE_AFFINITY)),
    Field("PodAffinity", "podAffinity", Pointer(POD_AFFINITY)),
    Field("PodAntiAffinity", "podAntiAffinity", Pointer(POD_AFFINITY)),
];

const NODE_AFFINITY: &Type = &[
    Field(
        "RequiredDuringSchedulingIgnoredDuringExecution",
        REQUIRED,
        Pointer(&[Field("NodeSelectorTerms", "nodeSelectorTerms", List(NODE_TERM))]),
    ),
    Field(
        "PreferredDuringSchedulingIgnoredDuringExecution",
        PREFERRED,
        List(&[Field("Weight", "weight", Number), Field("Preference", "preference", Struct(NODE_TERM))]),
    ),
];

const NODE_TERM: &Type = &[
    Field("MatchExpressions", "matchExpressions", List(NODE_RULE)),
    Field("MatchFields", "matchFields", List(NODE_RULE)),
];

const NODE_RULE: &Type =
    &[Field("Key", "key", Text), Field("Operator", "operator", Text), Field("Values", "values", Plain)];

const POD_AFFINITY: &Type = &[
    Field("RequiredDuringSchedulingIgnoredDuringExecution", REQUIRED, List(POD_TERM)),
    Field(
        "PreferredDuringSchedulingIgnoredDuringExecution",
        PREFERRED,
        List(&[Field("Weight", "weight", Number), Field("PodAffinityTerm", "podAffinityTerm", Struct(POD_TERM))]),
    ),
];

const POD_TERM: &Type = &[
    Field("LabelSelector", "labelSelector", Plain),
    Field("Namespaces", "namespaces", Plain),
    Field("TopologyKey", "topologyKey", Text),
    Field("NamespaceSelector", "namespaceSelector", Plain),
    Field("MatchLabelKeys", "matchLabelKeys", Plain),
    Field("MismatchLabelKeys", "mismatchLabelKeys", Plain),
];

const VOLUME: &Type = &[
    Field("Name", "name", Text),
    Field("HostPath", "hostPath", Pointer(&[Field("Path", "path", Text), Field("Type", "type", Plain)])),
    Field("EmptyDir", "emptyDir", Pointer(&[Field("Medium", "medium", Text), Field("SizeLimit", "sizeLimit", Plain)])),
    Field("GCEPersistentDisk", "gcePersistentDisk", Plain),
    Field("AWSElasticBlockStore", "awsElasticBlockStore", Plain),
    Field("GitRepo", "gitRepo", Plain),
    Field("Secret", "secret", Pointer(SECRET)),
    Field("NFS", "nfs", Pointer(NFS)),
    Field("ISCSI", "iscsi", Plain),
    Field("Glusterfs", "glusterfs", Plain),
    Field("PersistentVolumeClaim", "persistentVolumeClaim", Pointer(PVC)),
    Field("RBD", "rbd", Plain),
    Field("Quobyte", "quobyte", Plain),
    Field("FlexVolume", "flexVolume", Plain),
    Field("Cinder", "cinder", Plain),
    Field("CephFS", "cephfs", Plain),
    Field("Flocker", "flocker", Plain),
    Field("DownwardAPI", "downwardAPI", Pointer(DOWNWARD)),
    Field("FC", "fc", Plain),
    Field("AzureFile", "azureFile", Plain),
    Field("ConfigMap", "configMap", Pointer(CONFIG_MAP)),
    Field("VsphereVolume", "vsphereVolume", Plain),
    Field("AzureDisk", "azureDisk", Plain),
    Field("PhotonPersistentDisk", "photonPersistentDisk", Plain),
    Field("Projected", "projected", Pointer(PROJECTED)),
    Field("PortworxVolume", "portworxVolume", Plain),
    Field("ScaleIO", "scaleIO", Plain),
    Field("StorageOS", "storageos", Plain),
    Field("CSI", "csi", Plain),
    Field("Ephemeral", "ephemeral", Plain),
    Field("Image", "image", Pointer(IMAGE)),
];

const IMAGE: &Type = &[Field("Reference", "reference", Text), Field("PullPolicy", "pullPolicy", Text)];
const PVC: &Type = &[Field("ClaimName", "claimName", Text), Field("ReadOnly", "readOnly", Flag)];

const NFS: &Type = &[Field("Server", "server", Text), Field("Path", "path", Text), Field("ReadOnly", "readOnly", Flag)];

const ITEMS: &Type = &[Field("Key", "key", Text), Field("Path", "path", Text), Field("Mode", "mode", Plain)];

const SECRET: &Type = &[
    Field("SecretName", "secretName", Text),
    Field("Items", "items", List(ITEMS)),
    Field("DefaultMode", "defaultMode", Plain),
    Field("Optional", "optional", Plain),
];

const CONFIG_MAP: &Type = &[
    Field("Name", "name", Text),
    Field("Items", "items", List(ITEMS)),
    Field("DefaultMode", "defaultMode", Plain),
    Field("Optional", "optional", Plain),
];

const DOWNWARD: &Type = &[Field("Items", "items", List(DOWNWARD_FILE)), Field("DefaultMode", "defaultMode", Plain)];

const DOWNWARD_FILE: &Type = &[
    Field("Path", "path", Text),
    Field("FieldRef", "fieldRef", Pointer(FIELD_REF)),
    Field("ResourceFieldRef", "resourceFieldRef", Pointer(RESOURCE_REF)),
    Field("Mode", "mode", Plain),
];

const PROJECTED: &Type = &[Field("Sources", "sources", List(PROJECTION)), Field("DefaultMode", "defaultMode", Plain)];

const FILES: &Type =
    &[Field("Name", "name", Text), Field("Items", "items", List(ITEMS)), Field("Optional", "optional", Plain)];

const PROJECTION: &Type = &[
    Field("Secret", "secret", Pointer(FILES)),
    Field("DownwardAPI", "downwardAPI", Pointer(&[Field("Items", "items", List(DOWNWARD_FILE))])),
    Field("ConfigMap", "configMap", Pointer(FILES)),
    Field("ServiceAccountToken", "serviceAccountToken", Pointer(TOKEN)),
    Field("ClusterTrustBundle", "clusterTrustBundle", Plain),
    Field("PodCertificate", "podCertificate", Plain),
];

const TOKEN: &Type = &[
    Field("Audience", "audience", Text),
    Field("ExpirationSeconds", "expirationSeconds", Number),
    Field("Path", "path", Text),
];
