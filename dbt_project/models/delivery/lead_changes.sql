-- lead_changes: what changed on each branch's list since the list date before?
--
-- One row per lead shown today or shown on the list date before: new, kept, up, down, gone; why: for what is gone the
-- outcome, expiry, rule or capacity that took it off, for what moved the factor that moved most.
with today as (
    select * from {{ ref('decisions') }} where state = 'listed'
),

before as (
    select * from {{ ref('lead_memory') }} where was_listed
)

select
    today.branch_id,
    today.lead_id,
    today.list,
    today.subject_id,
    case
        when before.lead_id is null then 'new'
        when today.branch_rank < before.last_rank then 'up'
        when today.branch_rank > before.last_rank then 'down'
        else 'kept'
    end as change,
    case
        when before.lead_id is null then 'entered'
        when today.branch_rank = before.last_rank then 'unchanged'
        when today.score <> before.last_score then 'score'
        when today.value_amount <> before.last_value_amount then 'value'
        else 'others'
    end as why,
    today.branch_rank as rank_now,
    before.last_rank as rank_before,
    {{ as_of_column() }}
from today
left join before on today.lead_id = before.lead_id
union all
select
    before.last_branch_id,
    before.lead_id,
    before.list,
    before.subject_id,
    'gone',
    coalesce(case when decisions.lead_state in ('open', 'attempted', 'reached', 'follow_up') then decisions.reason
        else decisions.lead_state end, 'list_off'),
    cast(null as integer),
    before.last_rank,
    {{ as_of() }}
from before
anti join today on before.lead_id = today.lead_id
left join {{ ref('decisions') }} as decisions on before.lead_id = decisions.lead_id
