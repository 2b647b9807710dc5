-- What happened in a period and in the one before: the totals, then every format and every user.
-- Parameters: the first partition to read; the first days of the period before, after the period, and of it.
with happened as (
    select
        id,
        userid,
        format,
        coalesce("timestamp", cast(dt as timestamp)) as happened_at
    from events
    where dt >= ?
),
period as (
    -- A parameter may stand in a WHERE alone: of the two lines of an event that one stays which says what is so.
    select
        id,
        userid,
        format,
        is_now
    from happened
    cross join (values (false), (true)) as halves (is_now)
    where
        happened_at >= cast(? as timestamp)
        and happened_at < cast(? as timestamp)
        and is_now = (happened_at >= cast(? as timestamp))
),
counted as (
    select
        case grouping(format, userid) when 3 then 'total' when 1 then 'format' else 'user' end as section,
        case grouping(format, userid) when 1 then format when 2 then userid end as name,
        count_if(is_now) as events,
        count_if(not is_now) as events_before,
        count(distinct if(is_now, userid)) as users,
        count(distinct if(not is_now, userid)) as users_before,
        count(distinct if(is_now, format)) as formats,
        count(distinct if(is_now, id)) as ids
    from period
    group by grouping sets ((), (format), (userid))
),
ranked as (
    select
        section,
        row_number() over (partition by section order by events desc, events_before desc, name) as place,
        name,
        events,
        events_before,
        users,
        users_before,
        formats,
        ids
    from counted
)
select *
from ranked
order by place > 10, section = 'user', section = 'format', place
