-- label_visits: when did this customer last come to a branch?
--
-- One row per customer. A visit is something done at a counter, a talk in the lobby, or an activity attended. Days are
-- counted, not errands: three slips at one counter are one visit.
with other_days as (
    select customer_id, cast(contacted_at as date) as visited_on
    from {{ ref('stg_crm__contacts') }}
    where channel = 'lobby' and outcome <> 'not_reached'
    union all
    select attendance.customer_id, activities.held_on as visited_on
    from {{ ref('stg_crm__activity_attendance') }} as attendance
    inner join {{ ref('stg_crm__activities') }} as activities on attendance.activity_id = activities.activity_id
    where attendance.came
),

visits as (
    select
        customer_id,
        max(visited_on) as last_visit_on,
        count(distinct case when visited_on >= {{ recent_since(30) }} then visited_on end) as visits_30d
    from (
        select customer_id, visited_on from {{ ref('counter_days') }}
        where visited_on > {{ plus_days(as_of(), -90) }}
        union all
        select customer_id, visited_on from other_days
        where visited_on > {{ plus_days(as_of(), -90) }} and visited_on <= {{ as_of() }}
    ) as days
    group by customer_id
)

select
    customers.customer_id,
    visits.last_visit_on as last_branch_visit_on,
    cast(coalesce(visits.visits_30d, 0) as integer) as branch_visits_30d,
    {{ as_of_column() }}
from {{ ref('stg_core__customers') }} as customers
left join visits on customers.customer_id = visits.customer_id
