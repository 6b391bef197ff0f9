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
        {{ fee_bookings('biz_date > ' ~ earlier_to(), ref('deposit_accounts')) }}
        union all
        select txn_id, account_no, amount
        from {{ ref('earlier_fees') }}
    ) as taken
    anti join {{ ref('reversed_transactions') }} as reversed on taken.txn_id = reversed.txn_id
    inner join {{ ref('deposit_accounts') }} as accounts on taken.account_no = accounts.account_no
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
