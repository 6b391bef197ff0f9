-- decisions: what became of every candidate today, and why?
--
-- One row per list and subject: every candidate, and every lead that was open until today and is no candidate any more.
-- state: listed, held_out, central_channel, waiting, withheld, listed_elsewhere, dropped, not_a_candidate. reason: the
-- first rule that decided. lead_id: of the lead that was open or is opened today; lead_state: where in its life it is. An
-- open lead ends as superseded when another list shows its customer, or when its product family is held out. One that a
-- central channel has keeps naming it on days on which a rule hides it: it comes back to that channel.
{% set is_open = "lead_state in ('open', 'attempted', 'reached', 'follow_up')" %}
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
            when placed.state = 'central_channel' then placed.central_channel
            when placed.has_explore_seat then 'explore'
            else 'priority'
        end as reason,
        coalesce(placed.is_ghost, screened.is_ghost) as is_ghost,
        screened.is_explore,
        screened.is_entry,
        screened.score,
        screened.p,
        screened.value_amount,
        screened.weight,
        screened.priority,
        screened.stake_amount,
        screened.due_on,
        screened.channel,
        placed.branch_rank,
        placed.waiting_rank,
        placed.state is null as is_hidden,
        placed.central_channel,
        placed.central_rank,
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

shown as (
    select distinct subject_id
    from judged
    where state in ('listed', 'central_channel')
),

with_lead as (
    select
        judged.*,
        case when judged.is_hidden and remembered.{{ is_open }} then remembered.central_channel else judged.central_channel end
            as held_by_channel,
        case
            when remembered.{{ is_open }} then remembered.lead_id
            when judged.state in ('listed', 'held_out', 'central_channel')
                then 'L' || substr(md5(concat(judged.list, '|', judged.subject_id, '|', '{{ var("list_date") }}')), 1, 20)
            else remembered.lead_id
        end as lead_id,
        case
            when remembered.{{ is_open }} then
                case
                    when judged.reason = 'control_family' or (judged.state = 'listed_elsewhere' and shown.subject_id is not null) then 'superseded'
                    else remembered.lead_state
                end
            when judged.state in ('listed', 'held_out', 'central_channel') then 'open'
            else remembered.lead_state
        end as lead_state,
        case
            when remembered.{{ is_open }} then remembered.first_listed_on
            when judged.state in ('listed', 'held_out', 'central_channel') then {{ list_date() }}
            else remembered.first_listed_on
        end as first_listed_on,
        remembered.is_ghost as was_ghost
    from judged
    left join remembered on judged.list = remembered.list and judged.subject_id = remembered.subject_id
    left join shown on judged.subject_id = shown.subject_id
),

gone as (
    select
        remembered.list,
        remembered.subject_type,
        remembered.subject_id,
        remembered.last_branch_id,
        remembered.is_ghost,
        remembered.lead_id,
        case when remembered.{{ is_open }} and remembered.is_list_on
            then case when links.customer_id is null then 'no_longer_true' else 'became_customer' end
            else remembered.lead_state end as lead_state,
        case when not remembered.is_list_on then 'list_off'
            when remembered.{{ is_open }}
                then case when links.customer_id is null then 'no_longer_true' else 'became_customer' end
            else remembered.lead_state end as reason,
        case when remembered.{{ is_open }} and not remembered.is_list_on then remembered.central_channel end as central_channel,
        remembered.first_listed_on
    from remembered
    left join {{ ref('prospect_links') }} as links on remembered.subject_id = links.prospect_id
    anti join judged on remembered.list = judged.list and remembered.subject_id = judged.subject_id
)

select
    with_lead.list, with_lead.subject_type, with_lead.subject_id, with_lead.home_branch_id, with_lead.branch_id,
    with_lead.wanted_branch_id, with_lead.wanted_manager_id, with_lead.state, with_lead.reason,
    -- a lead closes in the arm that it had, whatever the draw of a new cycle says
    case when with_lead.lead_id is null or with_lead.{{ is_open }} then with_lead.is_ghost else with_lead.was_ghost end as is_ghost,
    with_lead.is_explore, with_lead.is_entry, with_lead.score, members.rule_ids, with_lead.p, with_lead.value_amount,
    with_lead.weight, with_lead.priority, with_lead.stake_amount, with_lead.due_on, members.talk_variant, members.baseline,
    members.facts, with_lead.channel, with_lead.branch_rank, with_lead.waiting_rank, with_lead.held_by_channel as central_channel,
    with_lead.central_rank, with_lead.also_relevant, with_lead.lead_id, with_lead.lead_state, with_lead.first_listed_on,
    {{ list_date() }} as list_date,
    '{{ cycle() }}' as cycle,
    {{ as_of_column() }}
from with_lead
left join {{ ref('members_once') }} as members on with_lead.list = members.list and with_lead.subject_id = members.subject_id
union all
select
    gone.list, gone.subject_type, gone.subject_id, subjects.home_branch_id, gone.last_branch_id,
    null, null, 'not_a_candidate', gone.reason, gone.is_ghost,
    false, false, null, null, null, null,
    null, null, null, null, null, null,
    null, null, null, null, gone.central_channel,
    null, null, gone.lead_id, gone.lead_state, gone.first_listed_on,
    {{ list_date() }},
    '{{ cycle() }}',
    {{ as_of() }}
from gone
left join {{ ref('subjects') }} as subjects on gone.subject_id = subjects.subject_id
