{{ config(materialized='view') }}
-- events_customer: what have customers themselves done in the last 30 days?
--
-- One row per customer, event_code, event_on and detail.
{% set since = recent_since(30) %}
{% set flow_columns = ['txn_id', 'biz_date', 'direction', 'amount', 'txn_type'] %}
{% set ends = month_ends(3) | reject('equalto', var('as_of')) | list %}
-- few have so much in a whole month, and theirs alone is summed by day; of a customer too new for a usual month nobody can
-- say what is out of the ordinary
with large_months as (
    {% for direction in ['in', 'out'] -%}
    select months.customer_id, '{{ direction }}' as direction
    from {{ ref('customer_month_flows') }} as months
    inner join {{ ref('label_flow') }} as labels on months.customer_id = labels.customer_id
    where months.month_end >= {{ since }}
        and months.{{ direction }}flow_amount >= {{ threshold('large_flow_from') }}
        and months.{{ direction }}flow_amount >= {{ threshold('large_flow_multiple') }} * labels.monthly_{{ direction }}flow_median_amount
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

large_accounts as (
    select accounts.*
    from {{ ref('deposit_accounts') }} as accounts
    semi join large_months on accounts.customer_id = large_months.customer_id
),

plain_flows as (
    {{ outside_candidates(['account_id'] + flow_columns) }}
        and biz_date >= {{ since }}
        and not {{ is_asked_flow() }}
),

asked_flows as (
    {{ outside_candidates(['account_id'] + flow_columns) }}
        and biz_date >= {{ since }}
        and {{ is_asked_flow() }}
),

-- external_flows, of their accounts alone
flows as (
    {{ outside_flows('plain_flows', 'asked_flows', 'account_id', flow_columns, 'large_accounts') }}
),

-- a large sum is often sent in several parts, for transfers are limited: the day counts
flow_days as (
    select
        flows.customer_id,
        flows.direction,
        flows.biz_date as event_on,
        sum(flows.amount) as amount,
        case when min(flows.txn_type) = max(flows.txn_type) then min(flows.txn_type) else 'several' end as detail
    from flows
    semi join large_months on flows.customer_id = large_months.customer_id and flows.direction = large_months.direction
    anti join {{ ref('reversed_transactions') }} as reversed on flows.txn_id = reversed.txn_id
    group by flows.customer_id, flows.direction, flows.biz_date
    having sum(flows.amount) >= {{ threshold('large_flow_from') }}
),

large_flows as (
    select
        flow_days.customer_id,
        case when flow_days.direction = 'in' then 'large_inflow' else 'large_outflow' end as event_code,
        flow_days.event_on,
        flow_days.amount,
        flow_days.detail
    from flow_days
    inner join {{ ref('label_flow') }} as labels on flow_days.customer_id = labels.customer_id
    where flow_days.amount >= {{ threshold('large_flow_multiple') }}
        * case when flow_days.direction = 'in' then labels.monthly_inflow_median_amount else labels.monthly_outflow_median_amount end
),

fast_exit as (
    select
        customer_id,
        'fast_exit' as event_code,
        exit_on as event_on,
        exit_amount as amount,
        '' as detail
    from {{ ref('fast_exits') }}
    where exit_on >= {{ since }}
),

-- pay has started when the third month's arrives, nothing having come from there in the seven months before its first
pay_months as (
    select
        customer_id,
        employer,
        last_day(paid_on) as month_end,
        min(paid_on) as event_on,
        row_number() over (partition by customer_id, employer order by last_day(paid_on) nulls last) as place
    from {{ ref('payroll_credits') }}
    group by customer_id, employer, last_day(paid_on)
),

payroll_started as (
    select
        pay_months.customer_id,
        'payroll_started' as event_code,
        pay_months.event_on,
        labels.payroll_median_amount as amount,
        pay_months.employer as detail
    from pay_months
    inner join {{ ref('label_flow') }} as labels
        on pay_months.customer_id = labels.customer_id and pay_months.employer = coalesce(labels.payroll_employer, '')
    where labels.is_payroll and pay_months.place = {{ threshold('payroll_months') }} and pay_months.event_on >= {{ since }}
),

payroll_stopped as (
    select
        labels.customer_id,
        'payroll_stopped' as event_code,
        labels.payroll_stopped_since_on as event_on,
        {{ median_amount('credits.amount') }} as amount,
        '' as detail
    from {{ ref('label_flow') }} as labels
    inner join {{ ref('payroll_credits') }} as credits on labels.customer_id = credits.customer_id
    where labels.is_payroll_stopped and labels.payroll_stopped_since_on >= {{ since }}
    group by labels.customer_id, labels.payroll_stopped_since_on
),

-- a rise shows on any day, and holds against the month-end before it
rises as (
    select customer_no, customer_id, rank_1 as rank_before, rank_today as rank, cast('{{ ends[0] }}' as date) as after_on, {{ as_of() }} as until_on
    from {{ ref('customer_tier_ranks') }}
    where rank_today > rank_1
    union all
    select customer_no, customer_id, rank_2 as rank_before, rank_1 as rank, cast('{{ ends[1] }}' as date) as after_on, cast('{{ ends[0] }}' as date) as until_on
    from {{ ref('customer_tier_ranks') }}
    where rank_1 > rank_2 and cast('{{ ends[0] }}' as date) >= {{ since }}
),

risers as (
    select distinct customer_no from rises
),

-- the 30-day average of each day is worked out for those alone who have risen
riser_changes as (
    select customer_no, changed_on, sum(cast(change_amount * 100 as bigint)) as cents
    from (
        {{ changes_of('risers') }}
    ) as changes
    where changed_on > {{ plus_days("cast('" ~ ends[1] ~ "' as date)", -30) }} and changed_on <= {{ as_of() }}
    group by customer_no, changed_on
),

riser_starts as (
    select
        ranks.customer_no,
        cast(max(ranks.aum_amount) * 100 as bigint) - coalesce(sum(riser_changes.cents), 0) as cents
    from {{ ref('customer_tier_ranks') }} as ranks
    semi join risers on ranks.customer_no = risers.customer_no
    left join riser_changes on ranks.customer_no = riser_changes.customer_no
    group by ranks.customer_no
),

riser_days as (
    select
        starts.customer_no,
        days.day,
        starts.cents + sum(coalesce(changes.cents, 0)) over (
            partition by starts.customer_no order by days.day nulls last rows between unbounded preceding and current row
        ) as cents
    from riser_starts as starts
    cross join {{ last_days(age_of(ends[1]) + 30) }} as days
    left join riser_changes as changes on starts.customer_no = changes.customer_no and days.day = changes.changed_on
),

riser_averages as (
    select
        customer_no,
        day,
        sum(cents) over (partition by customer_no order by day nulls last rows between 29 preceding and current row) as sum_30d
    from riser_days
),

reached as (
    select
        rises.customer_id,
        rises.rank_before,
        rises.rank,
        averages.day as event_on,
        {{ mean_of('averages.sum_30d', 30) }} as amount,
        row_number() over (partition by rises.customer_no, rises.after_on order by averages.day nulls last) as place
    from rises
    inner join riser_averages as averages
        on rises.customer_no = averages.customer_no and rises.after_on < averages.day and rises.until_on >= averages.day
    where {{ mean_of('averages.sum_30d', 30) }} >= {{ tier_of('rises.rank', 'floor_amount') }}
),

tier_up as (
    select
        customer_id,
        'tier_up' as event_code,
        event_on,
        amount,
        concat({{ tier_of('rank_before') }}, '>', {{ tier_of('rank') }}) as detail
    from reached
    where place = 1 and event_on >= {{ since }}
),

-- a tier is lost at month-ends alone, for they are its memory
tier_down as (
    select
        customer_id,
        'tier_down' as event_code,
        {{ as_of() }} as event_on,
        avg_30d_amount as amount,
        concat({{ tier_of('rank_1') }}, '>', {{ tier_of('rank_today') }}) as detail
    from {{ ref('customer_tier_ranks') }}
    where rank_today < rank_1
    union all
    select
        customer_id,
        'tier_down' as event_code,
        cast('{{ ends[0] }}' as date) as event_on,
        month_end_1_avg_30d_amount as amount,
        concat({{ tier_of('rank_2') }}, '>', {{ tier_of('rank_1') }}) as detail
    from {{ ref('customer_tier_ranks') }}
    where rank_1 < rank_2 and cast('{{ ends[0] }}' as date) >= {{ since }}
),

app_returned as (
    select
        customer_id,
        'app_returned' as event_code,
        first_recent_on as event_on,
        cast(null as decimal(18, 2)) as amount,
        '' as detail
    from {{ ref('app_use') }}
    where {{ days_between('first_recent_on', 'last_before_on') }} > {{ threshold('app_returned_after_days') }}
),

referral_made as (
    select distinct
        referrer_customer_id as customer_id,
        'referral_made' as event_code,
        event_on,
        cast(null as decimal(18, 2)) as amount,
        referred_customer_id as detail
    from (
        select referrer_customer_id, customer_id as referred_customer_id, opened_on as event_on
        from {{ ref('stg_core__customers') }}
        where opened_on >= {{ since }} and opened_on <= {{ as_of() }}
        union all
        select referrer_customer_id, customer_id as referred_customer_id, approved_on as event_on
        from {{ ref('stg_cards__credit_cards') }}
        where approved_on >= {{ since }} and approved_on <= {{ as_of() }}
    ) as referrals
    where referrer_customer_id is not null and referrer_customer_id <> referred_customer_id
),

complaint_opened as (
    select
        customer_id,
        'complaint_opened' as event_code,
        opened_on as event_on,
        cast(null as decimal(18, 2)) as amount,
        topic as detail
    from {{ ref('stg_crm__complaints') }}
    where opened_on >= {{ since }}
),

birthday as (
    select
        customers.customer_id,
        'birthday' as event_code,
        {{ plus_months('customers.birth_date', 'profiles.age * 12') }} as event_on,
        cast(null as decimal(18, 2)) as amount,
        '' as detail
    from {{ ref('stg_core__customers') }} as customers
    inner join {{ ref('label_profile') }} as profiles on customers.customer_id = profiles.customer_id
    where not profiles.is_deceased and {{ plus_months('customers.birth_date', 'profiles.age * 12') }} >= {{ since }}
)

{% for origin in [
    'large_flows', 'fast_exit', 'payroll_started', 'payroll_stopped', 'tier_up', 'tier_down', 'app_returned', 'referral_made',
    'complaint_opened', 'birthday'
] -%}
select customer_id, event_code, event_on, {{ money('amount') }} as amount, detail, {{ as_of_column() }} from {{ origin }}
{{ 'union all' if not loop.last }}
{% endfor %}
