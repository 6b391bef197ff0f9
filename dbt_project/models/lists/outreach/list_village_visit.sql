-- list_village_visit 整村走访: which households on a whitelist or a village census have no loan granted yet?
--
-- Who: people on a valid whitelist, or counted in a village census, who are no customers, with a limit approved.
-- Order: limit, neighbours who have drawn already, the weeks around the Spring Festival when those who work away are home,
-- villages with several such households (one village is one walk), how soon the approval lapses. Where the houses stand
-- inside a village no source tells.
{% call(rule) marketing_list('prospects', 'prospect_id') %}
with neighbours as (
    select
        customers.village_code,
        count(distinct loans.customer_id) as borrower_count
    from {{ ref('stg_core__customers') }} as customers
    inner join {{ ref('stg_lending__loans') }} as loans on customers.customer_id = loans.customer_id
    where customers.village_code is not null and loans.status = 'performing' and loans.loan_type <> 'mortgage'
    group by customers.village_code
),

festival as (
    select count(*) > 0 as is_homecoming
    from {{ ref('stg_core__calendar') }}
    where not is_business_day
        and (holiday_name like '%春节%' or lower(holiday_name) like '%spring festival%')
        and cal_date >= {{ plus_days(list_date(), '-' ~ threshold('spring_festival_days', rule)) }}
        and cal_date <= {{ plus_days(list_date(), threshold('spring_festival_days', rule)) }}
)

select
    prospects.prospect_id as subject_id,
    prospects.approved_limit_amount as stake_amount,
    prospects.valid_to as due_on,
    villages.village_name,
    cast(coalesce(neighbours.borrower_count, 0) as integer) as neighbour_borrower_count,
    cast(count(*) over (partition by prospects.village_code) as integer) as village_household_count,
    festival.is_homecoming,
    {{ days_between('prospects.valid_to', as_of()) }} as approval_days_left
from {{ ref('prospects') }} as prospects
inner join {{ ref('stg_external__villages') }} as villages on prospects.village_code = villages.village_code
cross join festival
left join neighbours on prospects.village_code = neighbours.village_code
where prospects.origin in ('whitelist', 'census')
    and prospects.approved_limit_amount >= {{ threshold('village_visit_limit_from', rule) }}
{% endcall %}
