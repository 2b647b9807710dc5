-- How far do sessions get: opened a page, then filled a cart, and bought?
with sessions as (
    select
        session_id,
        min(if(event in ('visit', 'view', 'list'), "timestamp")) as opened_at,
        max(if(event = 'cart', "timestamp")) as last_cart_at,
        max(if(event = 'purchase', "timestamp")) as last_purchase_at
    from web_log_iceberg_db.web_log_iceberg
    group by session_id
),
totals as (
    select
        count(*) as started,
        count(opened_at) as opened,
        count_if(last_cart_at >= opened_at) as filled_a_cart,
        count_if(last_cart_at >= opened_at and last_purchase_at >= opened_at) as bought
    from sessions
),
steps as (
    select
        position,
        element_at(array['all sessions', 'opened a page', 'filled a cart', 'bought'], position) as step,
        element_at(array[started, opened, filled_a_cart, bought], position) as sessions,
        started
    from totals
    cross join unnest(sequence(1, 4)) as numbers (position)
)
select
    position,
    step,
    sessions,
    round(100.0e0 * sessions / nullif(started, 0), 1) as percent_of_sessions
from steps
order by position
