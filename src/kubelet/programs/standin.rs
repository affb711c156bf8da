//! The stand-in for an image that Timonel does not know. Must say that it is simulated.

use crate::kubelet::programs::world::World;

/// Says so, then runs until it is told to end; in a pod that is meant to end, ends at once with 0.
pub(super) async fn main(world: World) -> i32 {
    let spec = &world.spec;
    world.say(format_args!("timonel: la imagen {} se simula: este contenedor no ejecuta su programa.", spec.image));
    if spec.finite {
        world.say("timonel: su pod está hecho para terminar (restartPolicy Never u OnFailure): termina con código 0.");
        return 0;
    }
    world.say("timonel: queda en marcha hasta que lo detengan. Con --runtime docker se ejecutaría de verdad.");
    world.terminated().await;
    0
}
