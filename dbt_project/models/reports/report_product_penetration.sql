-- report_product_penetration 产品渗透: how many of each branch's customers hold which product, by value tier?
--
-- One row per branch, value tier and product category ('*' for the count of products held 0, 1, 2, 3, 4+ in `held`). A
-- category that the bank does not deliver has no row: nobody knows who holds it, and 0 % would say that nobody does.
{% set categories = ['demand', 'time', 'wealth', 'fund', 'insurance', 'bond', 'loan_product', 'credit_card', 'app'] %}
with labels as (
    select * from {{ ref('customer_labels') }}
),

products as (
    {% for category in categories %}
    select home_branch_id as branch_id, value_tier, '{{ category }}' as category, 'yes' as held, has_{{ category }} as is_held
    from labels
    where has_{{ category }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

structure as (
    select
        home_branch_id as branch_id,
        value_tier,
        '*' as category,
        case when product_count >= 4 then '4+' else {{ as_text('product_count') }} end as held,
        true as is_held
    from labels
),

base as (
    select home_branch_id as branch_id, value_tier, cast(count(*) as integer) as customer_count
    from labels
    group by home_branch_id, value_tier
),

held as (
    select branch_id, value_tier, category, held, cast(sum(case when is_held then 1 else 0 end) as integer) as held_count
    from (
        select * from products
        union all
        select * from structure
    ) as both_kinds
    group by branch_id, value_tier, category, held
)

select
    held.branch_id,
    held.value_tier,
    held.category,
    held.held,
    held.held_count,
    base.customer_count,
    {{ rate('held.held_count', 'base.customer_count') }} as penetration_rate,
    {{ as_of_column() }}
from held
inner join base on held.branch_id = base.branch_id and held.value_tier = base.value_tier
