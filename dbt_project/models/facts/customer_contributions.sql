-- customer_contributions: what does each customer bring the bank in a year?
--
-- One row per customer with a balance or a fee. What they hold and owe today, times the margin of its category (the mean
-- of the products' annual margins), and the fees of the last twelve months, less those given back. A loan or card that is
-- overdue earns nothing.
{% set categories = ['demand', 'time', 'wealth', 'fund', 'insurance', 'bond', 'mortgage', 'consumer_loan', 'business_loan', 'card'] %}
with margins as (
    select
        {%- for category in categories %}
        {{ rate("sum(case when category = '" ~ category ~ "' then annual_margin else 0 end)", "sum(case when category = '" ~ category ~ "' then 1 else 0 end)") }}
            as {{ category }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_core__products') }}
),

loans as (
    select
        customer_id,
        sum(case when loan_type = 'mortgage' then balance else 0 end) as mortgage_amount,
        sum(case when loan_type not in ('mortgage', 'business') then balance else 0 end) as consumer_loan_amount,
        sum(case when loan_type = 'business' then balance else 0 end) as business_loan_amount
    from {{ ref('stg_lending__loans') }}
    where status = 'performing'
    group by customer_id
),

cards as (
    select customer_id, sum(current_balance) as card_amount
    from {{ ref('stg_cards__credit_cards') }}
    where status <> 'closed' and closed_on is null and coalesce(overdue_days, 0) = 0 and current_balance > 0
    group by customer_id
),

fees as (
    select accounts.customer_id, sum(taken.amount) as fee_amount
    from (
        select booked.account_id, sum(case when booked.direction = 'out' then booked.amount else -booked.amount end) as amount
        from (
            select txn_id, account_id, direction, amount
            from {{ ref('stg_core__transactions') }}
            where txn_type = 'fee' and biz_date > {{ plus_months(as_of(), -12) }}
        ) as booked
        anti join {{ ref('reversed_transactions') }} as reversed on booked.txn_id = reversed.txn_id
        group by booked.account_id
    ) as taken
    inner join {{ ref('stg_core__accounts') }} as accounts on taken.account_id = accounts.account_id
    group by accounts.customer_id
),

amounts as (
    select
        customers.customer_id,
        {%- for category in categories %}
        coalesce({{ 'cards' if category == 'card' else 'loans' if category in ['mortgage', 'consumer_loan', 'business_loan'] else 'assets' }}.{{ category }}_amount, 0) as {{ category }}_amount,
        {%- endfor %}
        coalesce(fees.fee_amount, 0) as fee_amount
    from {{ ref('stg_core__customers') }} as customers
    left join {{ ref('customer_assets') }} as assets on customers.customer_id = assets.customer_id
    left join loans on customers.customer_id = loans.customer_id
    left join cards on customers.customer_id = cards.customer_id
    left join fees on customers.customer_id = fees.customer_id
    where coalesce(assets.customer_id, loans.customer_id, cards.customer_id, fees.customer_id) is not null
)

select
    amounts.customer_id,
    {{ money('amounts.fee_amount') }} as fee_amount,
    cast(amounts.fee_amount
        {%- for category in categories %}
        + {{ from_cents('floor(cast(amounts.' ~ category ~ '_amount as decimal(20, 2)) * coalesce(margins.' ~ category ~ ', 0) * 100 + 0.5)') }}
        {%- endfor %} as decimal(18, 2)) as contribution_amount,
    {{ as_of_column() }}
from amounts
cross join margins
