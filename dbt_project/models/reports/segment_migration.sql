-- segment_migration: between which tiers and stages did customers move since the last month-end?
--
-- One row per home branch, dimension, from_value and to_value, those who stayed included. What stood then is recomputed
-- from history today (customer_tier_ranks, label_lifecycle), never read from an earlier run.
{% set last_end = (month_ends(2) | reject('equalto', var('as_of')) | list)[0] %}
with customers as (
    select
        labels.home_branch_id as branch_id,
        labels.aum,
        labels.value_tier,
        labels.lifecycle_stage,
        ranks.rank_1,
        -- a stage begun since tells the one before it; of a month-end that cannot be judged nobody can say
        case
            when ranks.rank_1 is null then null
            when labels.stage_since_on > cast('{{ last_end }}' as date) then coalesce(labels.previous_stage, labels.lifecycle_stage)
            else labels.lifecycle_stage
        end as stage_then,
        case when balances.opened_on > cast('{{ last_end }}' as date) then 'none' else 'unknown' end as otherwise
    from {{ ref('customer_labels') }} as labels
    inner join {{ ref('customer_tier_ranks') }} as ranks on labels.customer_id = ranks.customer_id
    inner join {{ ref('customer_balances') }} as balances on labels.customer_id = balances.customer_id
),

moves as (
    select
        branch_id,
        'value_tier' as dimension,
        coalesce({{ tier_of('rank_1') }}, otherwise) as from_value,
        coalesce(value_tier, 'unknown') as to_value,
        aum
    from customers
    union all
    select
        branch_id,
        'lifecycle_stage' as dimension,
        coalesce(stage_then, otherwise) as from_value,
        lifecycle_stage as to_value,
        aum
    from customers
)

select
    branch_id,
    dimension,
    from_value,
    to_value,
    cast(count(*) as integer) as customer_count,
    {{ money('sum(aum)') }} as aum,
    {{ as_of_column() }}
from moves
group by branch_id, dimension, from_value, to_value
