-- payment_means: by which means did customers pay to outside?
--
-- One row per customer who paid anything within the last 90 days: external flows out that are purchases, transfers, cash,
-- standing orders or repayments. What was reversed later is left out.
{% set amounts = payment_mean_amounts() %}
{% set columns = amounts.keys() | list %}
with earlier_plain as (
    select *
    from {{ ref('earlier_means') }}
    where counterparty_account = ''
),

earlier_asked as (
    select *
    from {{ ref('earlier_means') }}
    where counterparty_account <> ''
),

-- what the earlier days counted, and a booking of the day reverses
undone as (
    select reversed.txn_id
    from {{ ref('reversed_transactions') }} as reversed
    anti join {{ ref('earlier_reversals') }} as earlier on reversed.txn_id = earlier.txn_id
),

undone_means as (
    select
        candidates.*,
        {% for name, condition in amounts.items() -%}
        case when {{ condition }} then -candidates.amount else 0 end as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from (
        {{ paid_candidates() }}
            and biz_date <= {{ earlier_to() }}
    ) as candidates
    inner join undone on candidates.txn_id = undone.txn_id
),

undone_plain as (
    select *
    from undone_means
    where not is_asked
),

undone_asked as (
    select *
    from undone_means
    where is_asked
),

means as (
    select
        flows.customer_no,
        {% for name, condition in amounts.items() -%}
        case when {{ condition }} then flows.amount else 0 end as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('external_flows') }} as flows
    anti join {{ ref('reversed_transactions') }} as reversed on flows.txn_id = reversed.txn_id
    where {{ is_paid_flow() }}
        and flows.biz_date > {{ earlier_to() }}
    union all
    select customer_no, {{ columns | join(', ') }}
    from (
        {{ outside_flows('earlier_plain', 'earlier_asked', 'account_no', columns) }}
    ) as earlier
    union all
    select customer_no, {{ columns | join(', ') }}
    from (
        {{ outside_flows('undone_plain', 'undone_asked', 'account_id', columns) }}
    ) as taken_back
),

sums as (
    select
        customer_no,
        {% for name in columns -%}
        {{ money('sum(' ~ name ~ ')') }} as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from means
    group by customer_no
    having sum(out_amount) > 0
)

select
    customers.customer_id,
    sums.{{ columns | join(',\n    sums.') }},
    {{ as_of_column() }}
from sums
inner join {{ ref('customer_numbers') }} as customers on sums.customer_no = customers.customer_no
