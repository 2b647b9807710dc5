-- What happened in a period and in the one before: the totals, then every format and every user.
-- Parameters: the first partition to read; the first days of the period before, of the period, and after it.
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
    select
        id,
        userid,
        format,
        happened_at >= start as is_now
    from happened
    cross join (values (cast(? as timestamp), cast(? as timestamp), cast(? as timestamp)))
        as bounds (start_before, start, finish)
    where happened_at >= start_before and happened_at < finish
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
