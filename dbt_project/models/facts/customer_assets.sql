-- customer_assets: what does each customer hold today in each category of asset?
--
-- One row per customer with anything. Deposits as in customer_balances; investments that are held on the business date at
-- their market value, alike with aum.
with investments as (
    select
        customer_id,
        {%- for category in ['wealth', 'fund', 'insurance', 'bond'] %}
        sum(case when category = '{{ category }}' then market_value else 0 end) as {{ category }}_amount{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_wealth__holdings') }}
    where status = 'held'
        and (matures_on is null or matures_on > {{ as_of() }})
        and (redeemed_on is null or redeemed_on > {{ as_of() }})
    group by customer_id
)

select
    balances.customer_id,
    balances.demand_amount,
    balances.time_amount,
    {{ money('coalesce(investments.wealth_amount, 0)') }} as wealth_amount,
    {{ money('coalesce(investments.fund_amount, 0)') }} as fund_amount,
    {{ money('coalesce(investments.insurance_amount, 0)') }} as insurance_amount,
    {{ money('coalesce(investments.bond_amount, 0)') }} as bond_amount,
    {{ as_of_column() }}
from {{ ref('customer_balances') }} as balances
left join investments on balances.customer_id = investments.customer_id
where balances.aum_amount > 0 or investments.customer_id is not null
