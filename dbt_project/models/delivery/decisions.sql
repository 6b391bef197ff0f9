-- decisions: what became of every candidate today, and why?
--
-- One row per list and subject: every candidate, and every lead that was open until today and is no candidate any more.
-- state: listed, held_out, waiting, withheld, listed_elsewhere, dropped, not_a_candidate. reason: the first rule that
-- decided. lead_id: of the lead that was open or is opened today; lead_state: where in its life it is.
with judged as (
    select
        screened.list,
        screened.subject_type,
        screened.subject_id,
        screened.home_branch_id,
        coalesce(placed.branch_id, screened.home_branch_id) as branch_id,
        placed.wanted_manager_id,
        placed.wanted_branch_id,
        case
            when screened.withheld_by is not null then 'withheld'
            when screened.dropped_by is not null then 'dropped'
            when contenders.outcome = 'control_family' then 'dropped'
            when contenders.outcome = 'elsewhere' then 'listed_elsewhere'
            else placed.state
        end as state,
        case
            when screened.withheld_by is not null then screened.withheld_by
            when screened.dropped_by is not null then screened.dropped_by
            when contenders.outcome = 'control_family' then 'control_family'
            when contenders.outcome = 'elsewhere' then coalesce(contenders.winning_list, 'control_group')
            when placed.state = 'dropped' then 'no_open_branch'
            when placed.state = 'waiting' then placed.waits_for
            when placed.state = 'held_out' then 'control_group'
            when placed.has_explore_seat then 'explore'
            else 'priority'
        end as reason,
        screened.is_ghost,
        screened.is_explore,
        screened.is_entry,
        screened.score,
        screened.rule_ids,
        screened.p,
        screened.value_amount,
        screened.weight,
        screened.priority,
        screened.stake_amount,
        screened.due_on,
        screened.talk_variant,
        screened.baseline,
        screened.facts,
        screened.channel,
        placed.branch_rank,
        contenders.also_relevant
    from {{ ref('screened') }} as screened
    left join {{ ref('contenders') }} as contenders
        on screened.list = contenders.list and screened.subject_id = contenders.subject_id
    left join {{ ref('placed') }} as placed
        on screened.list = placed.list and screened.subject_id = placed.subject_id
),

remembered as (
    select *
    from {{ ref('lead_memory') }}
    where was_open
),

with_lead as (
    select
        judged.*,
        case
            when remembered.lead_state in ('open', 'attempted', 'reached', 'follow_up') then remembered.lead_id
            when judged.state in ('listed', 'held_out')
                then 'L' || substr(md5(concat(judged.list, '|', judged.subject_id, '|', '{{ var("list_date") }}')), 1, 20)
            else remembered.lead_id
        end as lead_id,
        case
            when remembered.lead_state in ('open', 'attempted', 'reached', 'follow_up') then
                case when judged.state = 'listed_elsewhere' then 'superseded' else remembered.lead_state end
            when judged.state in ('listed', 'held_out') then 'open'
            else remembered.lead_state
        end as lead_state,
        case
            when remembered.lead_state in ('open', 'attempted', 'reached', 'follow_up') then remembered.first_listed_on
            when judged.state in ('listed', 'held_out') then {{ list_date() }}
            else remembered.first_listed_on
        end as first_listed_on
    from judged
    left join remembered on judged.list = remembered.list and judged.subject_id = remembered.subject_id
),

gone as (
    select
        remembered.list,
        remembered.subject_type,
        remembered.subject_id,
        remembered.last_branch_id,
        remembered.is_ghost,
        remembered.lead_id,
        case when remembered.lead_state in ('open', 'attempted', 'reached', 'follow_up') and remembered.is_list_on
            then case when links.customer_id is null then 'no_longer_true' else 'became_customer' end
            else remembered.lead_state end as lead_state,
        case when not remembered.is_list_on then 'list_off'
            when remembered.lead_state in ('open', 'attempted', 'reached', 'follow_up')
                then case when links.customer_id is null then 'no_longer_true' else 'became_customer' end
            else remembered.lead_state end as reason,
        remembered.first_listed_on
    from remembered
    left join {{ ref('prospect_links') }} as links on remembered.subject_id = links.prospect_id
    anti join judged on remembered.list = judged.list and remembered.subject_id = judged.subject_id
)

select
    list, subject_type, subject_id, home_branch_id, branch_id, wanted_branch_id, wanted_manager_id, state, reason,
    is_ghost, is_explore, is_entry, score, rule_ids, p, value_amount, weight, priority, stake_amount, due_on, talk_variant,
    baseline, facts, channel, branch_rank, also_relevant, lead_id, lead_state, first_listed_on,
    {{ list_date() }} as list_date,
    '{{ cycle() }}' as cycle,
    {{ as_of_column() }}
from with_lead
union all
select
    gone.list, gone.subject_type, gone.subject_id, subjects.home_branch_id, gone.last_branch_id, null, null, 'not_a_candidate', gone.reason,
    gone.is_ghost, false, false, null, null, null, null, null, null, null, null, null,
    null, null, null, null, null, gone.lead_id, gone.lead_state, gone.first_listed_on,
    {{ list_date() }},
    '{{ cycle() }}',
    {{ as_of() }}
from gone
left join {{ ref('subjects') }} as subjects on gone.subject_id = subjects.subject_id
