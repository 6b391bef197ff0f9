-- contenders: one lead per customer per day: which of a customer's candidacies goes forward?
--
-- One row per candidate that was neither dropped nor withheld. A customer's rows are taken in the order of priority; an
-- open lead holds its customer, so it stands at 1.5 × its own. The first row that may be shown goes forward and ends it.
-- A ghost (control group) met before goes forward, too, to be held out, and from there on no other marketing list of its
-- product family may have the customer; nor may it where a ghost was held out earlier in the cycle.
-- outcome: forward, control_family, elsewhere. also_relevant: the lists that lost.
{% set cycle_start = var('list_date')[:5] ~ '%02d' | format((var('list_date')[5:7] | int - 1) // 3 * 3 + 1) ~ '-01' %}
with held_out_before as (
    select memory.subject_id, rules.product_family, min(memory.list) as first_list, max(memory.list) as last_list
    from {{ ref('lead_memory') }} as memory
    inner join {{ ref('list_rules') }} as rules on memory.list = rules.list
    where memory.held_out_on >= cast('{{ cycle_start }}' as date)
    group by memory.subject_id, rules.product_family
),

competing as (
    select
        screened.*,
        case when screened.open_lead_id is not null then cast({{ var('takeover_ratio') }} as decimal(9, 6)) else cast(1 as decimal(9, 6)) end
        * cast(screened.priority as decimal(18, 2)) as holding_priority,
        -- on a list other than this one
        screened.purpose = 'marketing'
        and coalesce(held_out_before.first_list <> screened.list or held_out_before.last_list <> screened.list, false) as is_family_held_out
    from {{ ref('screened') }} as screened
    left join held_out_before
        on screened.subject_id = held_out_before.subject_id and screened.product_family = held_out_before.product_family
    where screened.dropped_by is null and screened.withheld_by is null
),

ranked as (
    select
        *,
        cast(row_number() over (
            partition by subject_id order by holding_priority desc nulls last, first_listed_on asc nulls last, list
        ) as integer) as customer_rank
    from competing
),

-- a family is closed from its first ghost on
closed as (
    select
        *,
        is_family_held_out or (purpose = 'marketing' and customer_rank > coalesce(min(case when is_ghost and not is_family_held_out
            then customer_rank end) over (partition by subject_id, product_family), 999)) as is_control_family
    from ranked
),

ended as (
    select
        *,
        min(case when not is_ghost and not is_control_family then customer_rank end) over (partition by subject_id) as shown_rank
    from closed
),

decided as (
    select
        *,
        case
            when customer_rank > coalesce(shown_rank, 999) then 'elsewhere'
            when is_control_family then 'control_family'
            else 'forward'
        end as outcome
    from ended
),

losers as (
    select subject_id, {{ ordered_text('list') }} as also_relevant
    from decided
    where outcome = 'elsewhere' and not is_ghost and not is_control_family
    group by subject_id
),

winners as (
    select subject_id, list as winning_list
    from decided
    where customer_rank = shown_rank
)

select
    decided.*,
    losers.also_relevant,
    winners.winning_list
from decided
left join losers on decided.subject_id = losers.subject_id
left join winners on decided.subject_id = winners.subject_id
