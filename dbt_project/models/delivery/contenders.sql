-- contenders: one lead per customer per day: which of a customer's candidacies goes forward?
--
-- One row per candidate that was neither dropped nor withheld. An open lead holds its customer: another list takes
-- over only at 1.5 × its priority. A ghost (control group) competes like any other; when it wins, the best row outside
-- its product family competes too, and no other marketing list of that family may have the customer this cycle.
-- outcome: forward, control_family, elsewhere. also_relevant: the lists that lost.
with competing as (
    select
        *,
        case when open_lead_id is not null then cast({{ var('takeover_ratio') }} as decimal(9, 6)) else cast(1 as decimal(9, 6)) end
        * cast(priority as decimal(18, 2)) as holding_priority
    from {{ ref('screened') }}
    where dropped_by is null and withheld_by is null
),

ghost_families as (
    select distinct subject_id, product_family
    from competing
    where is_ghost
),

with_family as (
    select
        competing.*,
        ghost_families.subject_id is not null and not competing.is_ghost and competing.open_lead_id is null
            and competing.purpose = 'marketing' as is_control_family
    from competing
    left join ghost_families
        on competing.subject_id = ghost_families.subject_id and competing.product_family = ghost_families.product_family
),

ranked as (
    select
        *,
        cast(row_number() over (
            partition by subject_id, is_control_family
            order by holding_priority desc nulls last, first_listed_on asc nulls last, list
        ) as integer) as customer_rank,
        cast(row_number() over (
            partition by subject_id, is_control_family, is_ghost
            order by holding_priority desc nulls last, first_listed_on asc nulls last, list
        ) as integer) as arm_rank
    from with_family
),

judged as (
    select
        *,
        max(case when not is_control_family and customer_rank = 1 and is_ghost then true else false end)
            over (partition by subject_id) as ghost_wins
    from ranked
),

decided as (
    select
        *,
        case
            when is_control_family then 'control_family'
            when customer_rank = 1 or (ghost_wins and not is_ghost and arm_rank = 1) then 'forward'
            else 'elsewhere'
        end as outcome
    from judged
),

losers as (
    select subject_id, {{ ordered_text('list') }} as also_relevant
    from decided
    where outcome = 'elsewhere' and not is_ghost
    group by subject_id
),

winners as (
    select subject_id, max(list) as winning_list
    from decided
    where outcome = 'forward' and not is_ghost
    group by subject_id
)

select
    decided.*,
    losers.also_relevant,
    winners.winning_list
from decided
left join losers on decided.subject_id = losers.subject_id
left join winners on decided.subject_id = winners.subject_id
