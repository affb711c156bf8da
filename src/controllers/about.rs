//! What each controller is for, in one line of Spanish. Must not know how it does it.

/// What the controller of this name is for.
pub(super) fn of(name: &str) -> &'static str {
    ABOUT.iter().find(|(known, _)| *known == name).map_or("", |(_, about)| about)
}

/// By Kubernetes' own names (`cmd/kube-controller-manager/names`).
static ABOUT: &[(&str, &str)] = &[
    ("certificatesigningrequest-approving-controller", "Aprueba las peticiones de certificado de los kubelets."),
    ("certificatesigningrequest-cleaner-controller", "Borra las peticiones de certificado que ya no sirven."),
    ("certificatesigningrequest-signing-controller", "Firma las peticiones de certificado aprobadas."),
    ("clusterrole-aggregation-controller", "Reúne en un ClusterRole las reglas de otros."),
    ("cronjob-controller", "Crea un Job cada vez que llega la hora de un CronJob."),
    ("daemonset-controller", "Mantiene un pod de cada DaemonSet en cada nodo."),
    ("deployment-controller", "Cambia la versión de un Deployment poco a poco, creando y reduciendo ReplicaSets."),
    ("disruption-controller", "Calcula cuántos pods de cada PodDisruptionBudget pueden faltar."),
    ("endpoints-controller", "Apunta en Endpoints las direcciones de los pods listos de cada Service."),
    ("endpointslice-controller", "Apunta en EndpointSlices a qué pods llega cada Service."),
    ("endpointslice-mirroring-controller", "Copia en EndpointSlices los Endpoints escritos a mano."),
    ("ephemeral-volume-controller", "Crea el PersistentVolumeClaim de cada volumen efímero."),
    ("garbage-collector-controller", "Borra lo que se queda sin dueño."),
    ("horizontal-pod-autoscaler-controller", "Sube y baja las réplicas según el uso medido."),
    ("job-controller", "Crea los pods de cada Job hasta que acaba."),
    ("legacy-serviceaccount-token-cleaner-controller", "Retira los tokens antiguos que nadie usa."),
    (
        "local-path-provisioner",
        "Hace en un nodo la carpeta de cada volumen de la clase local-path, y la borra después.",
    ),
    ("namespace-controller", "Vacía un Namespace que se borra y luego lo deja ir."),
    ("node-ipam-controller", "Da a cada nodo su rango de direcciones para pods."),
    ("node-lifecycle-controller", "Vigila el latido de cada nodo y marca los que callan."),
    ("persistentvolume-attach-detach-controller", "Conecta cada volumen al nodo que lo usa."),
    ("persistentvolume-binder-controller", "Une cada PersistentVolumeClaim con un PersistentVolume."),
    ("persistentvolume-expander-controller", "Agranda los volúmenes cuyo PersistentVolumeClaim pide más."),
    ("persistentvolume-protection-controller", "No deja borrar un PersistentVolume en uso."),
    ("persistentvolumeclaim-protection-controller", "No deja borrar un PersistentVolumeClaim en uso."),
    ("pod-garbage-collector-controller", "Retira pods terminados de más y los de nodos que ya no existen."),
    ("replicaset-controller", "Mantiene el número de réplicas de cada ReplicaSet."),
    ("replicationcontroller-controller", "Mantiene el número de réplicas de cada ReplicationController."),
    ("resourcequota-controller", "Cuenta lo que usa cada ResourceQuota."),
    ("root-ca-certificate-publisher-controller", "Publica el certificado raíz del clúster en cada Namespace."),
    ("service-lb-controller", "Da una dirección externa a los Services de tipo LoadBalancer: es el proveedor."),
    ("serviceaccount-controller", "Crea la cuenta default en cada Namespace."),
    ("serviceaccount-token-controller", "Llena y retira los Secrets con tokens de cuentas."),
    ("statefulset-controller", "Crea en orden los pods de un StatefulSet, cada uno con su nombre y su volumen."),
    ("taint-eviction-controller", "Desaloja los pods que no toleran un taint NoExecute."),
    ("ttl-after-finished-controller", "Borra los Jobs terminados cuando vence su plazo."),
    ("ttl-controller", "Apunta en cada nodo cuánto puede el kubelet recordar lo que lee."),
];

#[cfg(test)]
mod tests {
    #[test]
    fn every_controller_says_what_it_is_for() {
        for (name, about) in crate::controllers::all() {
            assert!(about.ends_with('.'), "{name}: add its line to controllers/about.rs");
        }
    }
}
