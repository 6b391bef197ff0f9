-- list_event_invite 活动邀约: whom should the branch invite to its next event?
--
-- Who: customers of the branch whose segment the theme is made for (patterns.csv, kind activity_theme); for each event
-- three times as many as it has seats, who came before first, then by assets. Of several events the soonest.
-- Order: past attendance, value, visits to the branch.
{% call(rule) marketing_list() %}
with events as (
    select distinct activities.activity_id, activities.branch_id, activities.theme, activities.held_on, activities.seats, themes.meaning as segment
    from {{ ref('stg_crm__activities') }} as activities
    inner join {{ ref('patterns') }} as themes
        on themes.kind = 'activity_theme' and activities.theme like concat('%', themes.pattern, '%')
    where activities.held_on > {{ list_date() }}
        and activities.held_on <= {{ plus_days(as_of(), threshold('event_invite_days', rule)) }}
),

-- somebody of two segments that fit counts once, by the first in the alphabet
fitting as (
    select
        events.activity_id,
        events.theme,
        events.held_on,
        events.seats,
        labels.customer_id,
        labels.aum,
        coalesce(labels.activities_came_365d_count, 0) as times_came,
        min(events.segment) as segment
    from {{ ref('customer_labels') }} as labels
    inner join (
        select segments.customer_id, segments.segment
        from {{ ref('customer_segments') }} as segments
        semi join events on segments.segment = events.segment
    ) as members on labels.customer_id = members.customer_id
    inner join events on members.segment = events.segment and labels.home_branch_id = events.branch_id
    where not coalesce(labels.is_minor, false) and not coalesce(labels.is_dormant, false)
    group by events.activity_id, events.theme, events.held_on, events.seats, labels.customer_id, labels.aum, labels.activities_came_365d_count
),

chosen as (
    select
        *,
        row_number() over (
            partition by activity_id order by times_came desc nulls last, aum desc nulls last, customer_id
        ) as place
    from fitting
),

invited as (
    select *
    from chosen
    where place <= seats * {{ threshold('event_invite_per_seat', rule) }}
    qualify row_number() over (partition by customer_id order by held_on nulls last, activity_id) = 1
)

select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    held_on as due_on,
    theme as activity_theme,
    held_on as activity_on,
    segment as activity_segment
from invited
{% endcall %}
