//! The next time of a schedule, found as robfig/cron does: field by field, in the time of a place.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use super::{Schedule, Times};

/// Years without a match after which there is none (`0 0 31 2 *`).
const YEARS: i16 = 5;

impl Schedule {
    /// The first time after `after`, in the time of a place; `None` where there is none.
    #[must_use]
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        // Whole seconds: the one that follows is the first that may match.
        let second = Timestamp::from_second(after.as_second()).ok()?;
        match self {
            Self::Every(delay) => second.checked_add(SignedDuration::try_from(*delay).ok()?).ok(),
            Self::At(times) => {
                let from = second.checked_add(SignedDuration::from_secs(1)).ok()?.to_zoned(zone.clone());
                Search { times, limit: from.year().saturating_add(YEARS), at: from, cut: false }.run()
            }
        }
    }
}

/// A time that moves on until every field allows it.
struct Search<'a> {
    times: &'a Times,
    limit: i16,
    at: Zoned,
    /// Whether it was moved to the beginning of a unit already.
    cut: bool,
}

/// A unit overflowed, so that the greater ones must be looked at again.
struct Wrapped;

impl Search<'_> {
    fn run(mut self) -> Option<Timestamp> {
        while self.at.year() <= self.limit {
            if self.find().ok()?.is_ok() {
                return Some(self.at.timestamp());
            }
        }
        None
    }

    fn find(&mut self) -> Result<Result<(), Wrapped>, jiff::Error> {
        while !self.times.months.has(self.at.month()) {
            self.begin(|at| at.date().first_of_month().at(0, 0, 0, 0))?;
            self.at = self.at.checked_add(1.month())?;
            if self.at.month() == 1 {
                return Ok(Err(Wrapped));
            }
        }
        while !self.times.is_day(&self.at) {
            self.begin(|at| at.date().at(0, 0, 0, 0))?;
            self.at = self.at.checked_add(1.day())?;
            self.back_to_midnight()?;
            if self.at.day() == 1 {
                return Ok(Err(Wrapped));
            }
        }
        while !self.times.hours.has(self.at.hour()) {
            self.begin(|at| at.date().at(at.hour(), 0, 0, 0))?;
            self.at = self.at.checked_add(SignedDuration::from_hours(1))?;
            if self.at.hour() == 0 {
                return Ok(Err(Wrapped));
            }
        }
        self.find_minute()
    }

    fn find_minute(&mut self) -> Result<Result<(), Wrapped>, jiff::Error> {
        if self.at.second() != 0 {
            let rest = 60 - i64::from(self.at.second());
            self.at = self.at.checked_add(SignedDuration::from_secs(rest))?;
            self.cut = true;
            if self.at.minute() == 0 {
                return Ok(Err(Wrapped));
            }
        }
        while !self.times.minutes.has(self.at.minute()) {
            self.cut = true;
            self.at = self.at.checked_add(SignedDuration::from_mins(1))?;
            if self.at.minute() == 0 {
                return Ok(Err(Wrapped));
            }
        }
        Ok(Ok(()))
    }

    /// Goes to the beginning of a unit, once: what follows are beginnings already.
    fn begin(&mut self, start: impl Fn(&Zoned) -> DateTime) -> Result<(), jiff::Error> {
        if !self.cut {
            self.cut = true;
            self.at = start(&self.at).to_zoned(self.at.time_zone().clone())?;
        }
        Ok(())
    }

    /// Where summer time has no midnight, or two.
    fn back_to_midnight(&mut self) -> Result<(), jiff::Error> {
        let hour = i64::from(self.at.hour());
        let away = if hour > 12 { 24 - hour } else { -hour };
        self.at = self.at.checked_add(SignedDuration::from_hours(away))?;
        Ok(())
    }
}

impl Times {
    /// A day of the month or of the week; both only where one of them is `*`.
    fn is_day(&self, at: &Zoned) -> bool {
        let (day, weekday) = (self.days.has(at.day()), self.weekdays.has(at.weekday().to_sunday_zero_offset()));
        if self.days.any || self.weekdays.any { day && weekday } else { day || weekday }
    }
}
