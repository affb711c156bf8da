//! The conditions of an autoscaler's status (`setConditionInList`). Must not decide them.

use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscalerCondition as Condition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// Whether it can read and change the number.
pub(super) const ABLE: &str = "AbleToScale";
/// Whether it can compute a number.
pub(super) const ACTIVE: &str = "ScalingActive";
/// Whether the number is held by a limit.
pub(super) const LIMITED: &str = "ScalingLimited";

/// Says one condition; its time moves only when its status does.
pub(super) fn set(all: &mut Vec<Condition>, kind: &str, holds: bool, (reason, message): (&str, &str), now: Timestamp) {
    let status = if holds { "True" } else { "False" };
    let place = match all.iter().position(|condition| condition.type_ == kind) {
        Some(place) => place,
        None => {
            all.push(Condition { type_: kind.into(), ..Condition::default() });
            all.len() - 1
        }
    };
    let condition = &mut all[place];
    if condition.status != status {
        condition.last_transition_time = Some(Time(now));
    }
    condition.status = status.into();
    condition.reason = Some(reason.into());
    condition.message = Some(message.into());
}
