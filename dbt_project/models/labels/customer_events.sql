-- customer_events: what has happened to each customer in the last 30 days?
--
-- One row per customer, event_code, event_on and detail; what else happened on the same day is summed or told by detail.
-- Thirty days reach back further after a long holiday (recent_since).
{% set since = recent_since(30) %}
with reversed as (
    select distinct reversed_txn_id
    from {{ ref('stg_core__transactions') }}
    where txn_type = 'reversal' and reversed_txn_id is not null and biz_date >= {{ since }}
),

-- a large sum is often sent in several parts, for transfers are limited: the day counts
flow_days as (
    select
        flows.customer_id,
        flows.direction,
        flows.biz_date as event_on,
        sum(flows.amount) as amount,
        case when min(flows.txn_type) = max(flows.txn_type) then min(flows.txn_type) else 'several' end as detail
    from {{ ref('external_flows') }} as flows
    anti join reversed on flows.txn_id = reversed.reversed_txn_id
    where flows.biz_date >= {{ since }}
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
    -- of a customer too new for a usual month nobody can say what is out of the ordinary
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

-- the day on which a deposit came within 15 days of its maturity
deposit_maturing as (
    select
        customer_id,
        'deposit_maturing' as event_code,
        {{ plus_days('matures_on', '-' ~ threshold('maturity_ahead_days')) }} as event_on,
        sum(balance) as amount,
        {{ as_text('matures_on') }} as detail
    from {{ ref('deposit_accounts') }}
    where account_type <> 'demand' and status <> 'closed' and balance > 0
        and matures_on >= {{ plus_days(since, threshold('maturity_ahead_days')) }}
        and matures_on <= {{ plus_days(as_of(), threshold('maturity_ahead_days')) }}
    group by customer_id, matures_on
),

merchant_alert_raised as (
    select
        customer_id,
        'merchant_alert_raised' as event_code,
        merchant_alert_raised_on as event_on,
        merchant_base_amount as amount,
        merchant_id as detail
    from {{ ref('merchant_labels') }}
    where merchant_alert_raised_on >= {{ since }}
),

complaint_opened as (
    select
        customer_id,
        'complaint_opened' as event_code,
        opened_on as event_on,
        null as amount,
        topic as detail
    from {{ ref('stg_crm__complaints') }}
    where opened_on >= {{ since }}
),

loan_settled as (
    select
        customer_id,
        'loan_settled' as event_code,
        settled_on as event_on,
        sum(principal) as amount,
        loan_type as detail
    from {{ ref('stg_lending__loans') }}
    where status = 'settled' and settled_on >= {{ since }} and settled_on <= {{ as_of() }}
    group by customer_id, settled_on, loan_type
),

birthday as (
    select
        customers.customer_id,
        'birthday' as event_code,
        {{ plus_months('customers.birth_date', 'profiles.age * 12') }} as event_on,
        null as amount,
        '' as detail
    from {{ ref('stg_core__customers') }} as customers
    inner join {{ ref('label_profile') }} as profiles on customers.customer_id = profiles.customer_id
    where not profiles.is_deceased and {{ plus_months('customers.birth_date', 'profiles.age * 12') }} >= {{ since }}
),

events as (
    {% for origin in [
        'large_flows', 'fast_exit', 'payroll_started', 'deposit_maturing', 'merchant_alert_raised', 'complaint_opened',
        'loan_settled', 'birthday'
    ] -%}
    select customer_id, event_code, event_on, {{ money('amount') }} as amount, detail from {{ origin }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    customer_id,
    event_code,
    event_on,
    amount,
    detail,
    {{ as_of_column() }}
from events
