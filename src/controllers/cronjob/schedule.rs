//! Which start of a `CronJob` is due and when the next one is (`mostRecentScheduleTime` and its users). Must not do IO.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec};

use crate::base::cron::Schedule;

/// What a look is late on purpose, so that a clock that is a little behind does not miss the start (`nextScheduleDelta`).
const DELTA: SignedDuration = SignedDuration::from_millis(100);
/// Missed starts from which a person must be told.
const MANY: i64 = 100;

/// A schedule in its place, and since when starts may be missing.
pub(super) struct Starts<'a> {
    cron: &'a CronJob,
    spec: &'a CronJobSpec,
    schedule: Schedule,
    zone: TimeZone,
    now: Timestamp,
}

/// The last start that is due, if any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    pub at: Option<Timestamp>,
    pub missed: bool,
    /// More than a hundred were missed.
    pub many: bool,
}

/// The schedule never comes, as that of a 31st of February.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Never;

impl Never {
    pub(super) const TEXT: &'static str = "time difference between two schedules is less than 1 second";
}

impl<'a> Starts<'a> {
    pub(super) fn new(cron: &'a CronJob, spec: &'a CronJobSpec, now: Timestamp) -> Result<Self, String> {
        let schedule = Schedule::parse(&spec.schedule)?;
        let zone = zone_of(&spec.schedule, spec.time_zone.as_deref());
        Ok(Self { cron, spec, schedule, zone, now })
    }

    fn after(&self, at: Timestamp) -> Result<Timestamp, Never> {
        self.schedule.next(at, &self.zone).ok_or(Never)
    }

    /// The start before which none is missing: the last one, or the creation; not before the deadline where that counts.
    fn earliest(&self, deadline: bool) -> Timestamp {
        let last = self.cron.status.as_ref().and_then(|status| status.last_schedule_time.as_ref());
        let since = last.or(self.cron.metadata.creation_timestamp.as_ref()).map_or(self.now, |time| time.0);
        let limit = self.spec.starting_deadline_seconds.filter(|_| deadline);
        limit.map_or(since, |seconds| since.max(self.now - SignedDuration::from_secs(seconds)))
    }

    fn most_recent(&self, deadline: bool) -> Result<Due, Never> {
        let first = self.after(self.earliest(deadline))?;
        let second = self.after(first)?;
        if self.now < first {
            return Ok(Due::default());
        }
        if self.now < second {
            return Ok(Due { at: Some(first), ..Due::default() });
        }
        let between = second.duration_since(first).as_secs().max(1);
        let missed = self.now.duration_since(first).as_secs() / between + 1;
        // A rough jump to the last ones, and one more back where the pace is uneven.
        let mut at = first + SignedDuration::from_secs((missed - 2) * between);
        let mut last = None;
        loop {
            at = self.after(at)?;
            if at > self.now {
                return Ok(Due { at: last, missed: true, many: missed > MANY });
            }
            last = Some(at);
        }
    }

    /// The last start that is due and was not made.
    pub(super) fn due(&self) -> Result<Due, Never> {
        self.most_recent(true)
    }

    /// How long until the next start.
    pub(super) fn wait(&self) -> Duration {
        let from = match self.most_recent(false) {
            Ok(Due { at: Some(at), .. }) => at,
            Ok(due) if !due.missed => self.earliest(false),
            _ => self.now,
        };
        let next = self.after(from).map_or(Duration::MAX, |next| {
            Duration::try_from((next + DELTA).duration_since(self.now)).unwrap_or_default()
        });
        next.min(Duration::from_secs(365 * 24 * 3600))
    }

    /// A start as the annotation of its Job says it.
    pub(super) fn shown(&self, at: Timestamp) -> String {
        if self.zone == TimeZone::UTC {
            return at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        }
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

/// The place that the spec names, or the schedule itself (`TZ=Europe/Madrid …`), or UTC.
fn zone_of(schedule: &str, named: Option<&str>) -> TimeZone {
    let inline = schedule.strip_prefix("TZ=").or(schedule.strip_prefix("CRON_TZ="));
    let name = inline.and_then(|rest| rest.split(' ').next()).or(named);
    name.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
}
