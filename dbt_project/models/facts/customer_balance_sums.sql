-- customer_balance_sums: what do a customer's balance changes add up to, at each time that is asked for?
--
-- One row per customer with any change: levels and sums of daily balances in cents (balance_sums), a change that happened k
-- days before the end of an n-day window counting on k + 1 of its days; of today's level also what is demand money and what
-- are deposits. Whole cents are exact, and the same on every engine.
{% set sums = balance_sums() %}
with changes as (
    select
        customer_no,
        account_no is not null as is_deposit,
        is_demand,
        {{ days_between(as_of(), 'changed_on') }} as age,
        cast(change_amount * 100 as bigint) as cents
    from {{ ref('new_balance_changes') }}
),

parts as (
    select
        customer_no,
        {%- for name, sum in sums.items() %}
        {{ sum }} as {{ name }},
        {%- endfor %}
        sum(case when is_demand then cents else 0 end) as demand,
        sum(case when is_deposit then cents else 0 end) as deposits
    from changes
    group by customer_no
    union all
    select
        accounts.customer_no,
        {%- for name in sums %}
        earlier.{{ name }},
        {%- endfor %}
        case when accounts.account_type = 'demand' then earlier.aum else 0 end as demand,
        earlier.aum as deposits
    from {{ ref('earlier_balance_sums') }} as earlier
    inner join {{ ref('deposit_accounts') }} as accounts on earlier.account_no = accounts.account_no
)

select
    customer_no,
    {%- for name in (sums | list) + ['demand', 'deposits'] %}
    cast(sum({{ name }}) as bigint) as {{ name }},
    {%- endfor %}
    {{ as_of_column() }}
from parts
group by customer_no
