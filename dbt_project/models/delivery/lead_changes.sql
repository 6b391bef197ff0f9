-- lead_changes: what changed on each branch's list since the list date before?
--
-- One row per lead shown today or shown on the list date before, and branch: new, kept, up, down, gone; why: for what is
-- gone the outcome, expiry, rule or capacity that took it off, for what moved the factor that moved most. A lead that
-- another branch works now is gone from the one and new at the other, reassigned.
with today as (
    select * from {{ ref('decisions') }} where branch_rank is not null
),

previous as (
    select * from {{ ref('lead_memory') }} where was_listed
),

compared as (
    select
        today.*,
        previous.lead_id is not null as was_listed,
        coalesce(previous.last_branch_id, '') <> coalesce(today.branch_id, '') as is_other_branch,
        previous.last_rank,
        -- by what factor the chance and the value have changed, whichever way
        cast(50 + today.score as double) / cast(50 + previous.last_score as double) as p_ratio,
        case
            when today.value_amount = previous.last_value_amount then 1
            when today.value_amount = 0 or previous.last_value_amount = 0 then 999
            else cast(today.value_amount as double) / cast(previous.last_value_amount as double)
        end as value_ratio
    from today
    left join previous on today.lead_id = previous.lead_id
)

select
    branch_id,
    lead_id,
    list,
    subject_id,
    case
        when not was_listed or is_other_branch then 'new'
        when branch_rank < last_rank then 'up'
        when branch_rank > last_rank then 'down'
        else 'kept'
    end as change,
    case
        when not was_listed then 'entered'
        when is_other_branch then 'reassigned'
        when branch_rank = last_rank then 'unchanged'
        when p_ratio <> 1 and greatest(p_ratio, 1 / p_ratio) >= greatest(value_ratio, 1 / value_ratio) then 'score'
        when value_ratio <> 1 then 'value'
        else 'others'
    end as why,
    branch_rank as rank_now,
    case when not is_other_branch then last_rank end as rank_before,
    {{ as_of_column() }}
from compared
union all
select
    previous.last_branch_id,
    previous.lead_id,
    previous.list,
    previous.subject_id,
    'gone',
    case
        when today.lead_id is not null then 'reassigned'
        when decisions.lead_state in ('open', 'attempted', 'reached', 'follow_up') then decisions.reason
        when decisions.lead_state = 'lost' and previous.is_refused then 'refused'
        else coalesce(decisions.lead_state, 'list_off')
    end,
    cast(null as integer),
    previous.last_rank,
    {{ as_of() }}
from previous
left join today on previous.lead_id = today.lead_id
left join {{ ref('decisions') }} as decisions on previous.lead_id = decisions.lead_id
where today.lead_id is null or coalesce(today.branch_id, '') <> coalesce(previous.last_branch_id, '')
