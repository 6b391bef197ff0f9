-- label_engagement: does the customer answer us, come to us and speak for us?
--
-- One row per customer. The newest answer to a survey tells the mood of today; of two on one day the worse one counts,
-- for a single bad experience is what a customer repeats. A referral counts once its account holds money: one opened
-- for the sake of the count does not.
with answers as (
    select
        customer_id,
        surveyed_on,
        min(score) as score
    from {{ ref('stg_crm__satisfaction') }}
    where surveyed_on > {{ plus_days(as_of(), -365) }} and surveyed_on <= {{ as_of() }}
    group by customer_id, surveyed_on
    qualify row_number() over (partition by customer_id order by surveyed_on desc nulls last) = 1
),

complaints as (
    select distinct customer_id
    from {{ ref('stg_crm__complaints') }}
    where closed_on is null or closed_on > {{ as_of() }}
),

talks as (
    select customer_id, max(cast(contacted_at as date)) as last_reached_on
    from {{ ref('stg_crm__contacts') }}
    where outcome not in ('not_reached', 'wrong_person', 'not_my_customer')
        and cast(contacted_at as date) > {{ plus_days(as_of(), -365) }}
        and cast(contacted_at as date) <= {{ as_of() }}
    group by customer_id
),

visits as (
    select
        attendance.customer_id,
        count(case when activities.held_on > {{ plus_days(as_of(), -60) }} then 1 end) as came_60d,
        count(*) as came_365d
    from {{ ref('stg_crm__activity_attendance') }} as attendance
    inner join {{ ref('stg_crm__activities') }} as activities on attendance.activity_id = activities.activity_id
    where attendance.came
        and activities.held_on > {{ plus_days(as_of(), -365) }} and activities.held_on <= {{ as_of() }}
    group by attendance.customer_id
),

referrals as (
    select customers.referrer_customer_id as customer_id, count(*) as funded
    from {{ ref('stg_core__customers') }} as customers
    inner join {{ ref('label_value') }} as worth on customers.customer_id = worth.customer_id
    where customers.referrer_customer_id <> customers.customer_id
        and customers.opened_on > {{ plus_days(as_of(), -90) }} and customers.opened_on <= {{ as_of() }}
        and worth.aum_avg_30d >= {{ threshold('referral_funded_from') }}
    group by customers.referrer_customer_id
),

given as (
    select
        {{ delivered(ref('stg_crm__complaints')) }} as has_complaints,
        {{ delivered(ref('stg_crm__activity_attendance')) }} as has_attendance,
        (select count(referrer_customer_id) > 0 from {{ ref('stg_core__customers') }}) as has_referrers
)

select
    customers.customer_id,
    cast(answers.score as integer) as satisfaction_score,
    answers.surveyed_on as satisfaction_on,
    case when given.has_complaints then complaints.customer_id is not null end as has_open_complaint,
    talks.last_reached_on,
    case when given.has_attendance then cast(coalesce(visits.came_60d, 0) as integer) end as activities_came_60d_count,
    case when given.has_attendance then cast(coalesce(visits.came_365d, 0) as integer) end as activities_came_365d_count,
    case when given.has_referrers then cast(coalesce(referrals.funded, 0) as integer) end as referrals_funded_90d_count,
    {{ as_of_column() }}
from {{ ref('stg_core__customers') }} as customers
cross join given
left join answers on customers.customer_id = answers.customer_id
left join complaints on customers.customer_id = complaints.customer_id
left join talks on customers.customer_id = talks.customer_id
left join visits on customers.customer_id = visits.customer_id
left join referrals on customers.customer_id = referrals.customer_id
