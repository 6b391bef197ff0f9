-- report_age_income_spend 年龄收支曲线: what comes in, goes out and stays in a month, at each age?
--
-- One row per home branch and year of age. Of the grown-up customers with money moving the median of their own monthly
-- medians: one large sale moves neither. Accounts that stand still would only pull the curve to nothing. Where a branch has
-- fewer than small_group_from (5) people of an age the whole bank's figures stand there, and below that nobody's: the
-- middle one of three is somebody's pay. customer_count: the branch's people behind its figures, null where they are the bank's.
with people as (
    select
        home_branch_id,
        age,
        monthly_inflow_median_amount as inflow,
        monthly_outflow_median_amount as spend,
        monthly_net_inflow_median_amount as net
    from {{ ref('customer_labels') }}
    where not is_deceased
        and age >= {{ threshold('adult_age') }}
        and (monthly_inflow_median_amount > 0 or monthly_outflow_median_amount > 0)
),

{% for level, key in [('branch_ages', 'home_branch_id, age'), ('bank_ages', 'age')] -%}
{{ level }} as (
    select
        {{ key }},
        count(*) as customer_count,
        {{ median_amount('inflow') }} as inflow,
        {{ median_amount('spend') }} as spend,
        {{ median_amount('net') }} as net
    from people
    group by {{ key }}
    having count(*) >= {{ threshold('small_group_from') }}
),

{% endfor -%}
branches as (
    select distinct home_branch_id
    from people
)

select
    branches.home_branch_id as branch_id,
    bank_ages.age,
    case when branch_ages.age is null then 'bank' else 'branch' end as basis,
    cast(branch_ages.customer_count as integer) as customer_count,
    coalesce(branch_ages.inflow, bank_ages.inflow) as median_inflow_amount,
    coalesce(branch_ages.spend, bank_ages.spend) as median_spend_amount,
    coalesce(branch_ages.net, bank_ages.net) as median_net_amount,
    bank_ages.net as bank_median_net_amount,
    {{ as_of_column() }}
from bank_ages
cross join branches
left join branch_ages on branches.home_branch_id = branch_ages.home_branch_id and bank_ages.age = branch_ages.age
