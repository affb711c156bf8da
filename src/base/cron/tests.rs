//! Times and refusals as robfig/cron's own tests have them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Schedule;

#[track_caller]
fn check(schedule: &str, zone: &str, after: &str, next: &str) {
    let zone = TimeZone::get(zone).unwrap();
    let found = Schedule::parse(schedule).unwrap().next(after.parse::<Timestamp>().unwrap(), &zone);
    let shown = found.map_or("never".into(), |at| at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
    assert_eq!(shown, next, "{schedule} after {after}");
}

#[track_caller]
fn refused(schedule: &str, text: &str) {
    assert_eq!(Schedule::parse(schedule), Err(text.to_string()), "{schedule}");
}

#[test]
fn times_follow_each_other() {
    let check = |schedule, after, next| check(schedule, "UTC", after, next);
    check("*/15 * * * *", "2012-07-09T14:45:00Z", "2012-07-09T15:00:00+00:00");
    check("*/15 * * * *", "2012-07-09T14:59:59.9Z", "2012-07-09T15:00:00+00:00");
    check("20-35/15 * * * *", "2012-07-09T15:45:00Z", "2012-07-09T16:20:00+00:00");
    check("0 0 * * mon", "2012-07-09T23:46:00Z", "2012-07-16T00:00:00+00:00");
    check("0 0 9 apr-oct ?", "2012-07-09T23:35:51Z", "2012-08-09T00:00:00+00:00");
    check("0 0 29 2 *", "2012-03-01T00:00:00Z", "2016-02-29T00:00:00+00:00");
    check("0 0 1 1 *", "2012-12-31T23:59:59Z", "2013-01-01T00:00:00+00:00");
    check("@every 90m", "2012-07-09T14:45:00.5Z", "2012-07-09T16:15:00+00:00");
    check("@weekly", "2012-07-09T14:45:00Z", "2012-07-15T00:00:00+00:00");
    check("0 0 31 2 *", "2012-07-09T14:45:00Z", "never");
}

#[test]
fn a_day_of_the_month_or_of_the_week() {
    let check = |schedule, next| check(schedule, "UTC", "2012-07-10T00:00:00Z", next);
    check("0 0 15 * sun", "2012-07-15T00:00:00+00:00");
    check("0 0 13 * sun", "2012-07-13T00:00:00+00:00");
    check("0 0 13 * *", "2012-07-13T00:00:00+00:00");
    check("0 0 * * sat", "2012-07-14T00:00:00+00:00");
    check("0 0 */2 * sat", "2012-07-11T00:00:00+00:00");
}

#[test]
fn summer_time_skips_and_repeats_hours() {
    let check = |schedule, after, next| check(schedule, "America/New_York", after, next);
    check("30 2 * * *", "2012-03-11T05:00:00Z", "2012-03-12T02:30:00-04:00");
    check("0 * * * *", "2012-03-11T06:00:00Z", "2012-03-11T03:00:00-04:00");
    check("30 1 * * *", "2012-11-04T04:00:00Z", "2012-11-04T01:30:00-04:00");
    check("30 1 * * *", "2012-11-04T05:30:00Z", "2012-11-04T01:30:00-05:00");
    check("0 0 * * *", "2012-11-04T04:00:00Z", "2012-11-05T00:00:00-05:00");
}

#[test]
fn a_midnight_that_does_not_exist_is_one_o_clock() {
    check("0 * * * *", "America/Sao_Paulo", "2018-11-04T02:30:00Z", "2018-11-04T01:00:00-02:00");
}

#[test]
fn refusals_are_in_robfigs_words() {
    refused("cada rato", "expected exactly 5 fields, found 2: [cada rato]");
    refused("60 * * * *", "end of range (60) above maximum (59): 60");
    refused("0 0 0 * *", "beginning of range (0) below minimum (1): 0");
    refused("* * * * 7", "end of range (7) above maximum (6): 7");
    refused("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1");
    refused("1-2-3 * * * *", "too many hyphens: 1-2-3");
    refused("*/0 * * * *", "step of range should be a positive number: */0");
    refused("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax");
    refused("@siempre", "unrecognized descriptor: @siempre");
    refused("@every pronto", "failed to parse duration @every pronto: time: invalid duration \"pronto\"");
}
