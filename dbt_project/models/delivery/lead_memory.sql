-- lead_memory: which lead does each list remember of each subject, and what came of it?
--
-- One row per list and subject that carried a lead in the last 400 days: its last lead, as last published before this list
-- date, and the outcomes recorded by the business date. A closing outcome closes the lead. A customer whom the manager
-- does not know as theirs has not been spoken to: reassigned. A list that is off today keeps its leads: they come back
-- with it. An outcome closes its lead, and starts a cool-down, on the day it was recorded. refused_on: the last refusal
-- of any of the list's leads, also of one that had closed before; is_refused: of this one.
{% set valid_days = 'coalesce(rules.valid_days, 90)' %}
with remembered as (
    select *
    from {{ source('memory', 'published_decisions') }}
    where list_date < {{ list_date() }}
),

last_published as (
    select *
    from remembered
    qualify row_number() over (partition by list, subject_id order by list_date desc nulls last, lead_id) = 1
),

held_out as (
    select list, subject_id, max(list_date) as held_out_on
    from remembered
    where state = 'held_out'
    group by list, subject_id
),

last_list_date as (
    select max(list_date) as list_date
    from remembered
),

contacts as (
    select
        lead_id,
        outcome,
        contacted_at,
        recorded_at,
        contact_id,
        cast(contacted_at as date) as contacted_on,
        cast(recorded_at as date) as recorded_on
    from {{ ref('stg_crm__contacts') }}
    where lead_id is not null and cast(recorded_at as date) <= {{ as_of() }}
),

outcomes as (
    select
        lead_id,
        max(contacted_on) as last_contact_on,
        max_by(outcome, concat({{ as_text('recorded_at') }}, contact_id)) as last_outcome,
        cast(count(*) as integer) as contact_count,
        cast(sum(case when outcome = 'not_reached' then 1 else 0 end) as integer) as unreached_count,
        max(case when outcome = 'not_reached' then recorded_on end) as last_unreached_on,
        max(case when outcome in ('not_interested', 'do_not_contact', 'complaint') then recorded_on end) as refused_on,
        max(case when outcome = 'done' then recorded_on end) as won_on,
        max(case when outcome in ('wrong_person', 'already_elsewhere', 'unsuitable', 'deceased')
            then recorded_on end) as lost_on,
        max(case when outcome = 'not_my_customer' then recorded_on end) as reassigned_on,
        max(case when outcome in ('call_again', 'interested', 'appointment') then contacted_on end) as follow_up_on
    from contacts
    group by lead_id
),

refusals as (
    select leads.list, leads.subject_id, max(outcomes.refused_on) as refused_on
    from (select distinct lead_id, list, subject_id from remembered) as leads
    inner join outcomes on leads.lead_id = outcomes.lead_id
    group by leads.list, leads.subject_id
)

select
    last_published.list,
    last_published.subject_type,
    last_published.subject_id,
    last_published.lead_id,
    last_published.is_ghost,
    last_published.first_listed_on,
    last_published.list_date as last_published_on,
    rules.list is not null as is_list_on,
    last_published.lead_state in ('open', 'attempted', 'reached', 'follow_up') as was_open,
    {{ plus_days('last_published.first_listed_on', valid_days) }} as valid_until,
    last_published.branch_id as last_branch_id,
    last_published.branch_rank as last_rank,
    last_published.priority as last_priority,
    last_published.score as last_score,
    last_published.value_amount as last_value_amount,
    -- a day on which a rule hid the lead names its channel, too
    case when not coalesce(last_published.is_ghost, false) then last_published.central_channel end as central_channel,
    last_published.central_channel is not null and not coalesce(last_published.is_ghost, false) as is_with_centre,
    held_out.held_out_on,
    last_published.state = 'listed' and last_published.list_date = last_list_date.list_date as was_listed,
    outcomes.last_contact_on,
    outcomes.last_outcome,
    outcomes.unreached_count,
    refusals.refused_on,
    outcomes.refused_on is not null as is_refused,
    case
        when last_published.lead_state in ('won', 'lost', 'expired', 'unreachable', 'superseded', 'no_longer_true', 'became_customer',
            'reassigned') then last_published.lead_state
        when outcomes.won_on is not null then 'won'
        when outcomes.refused_on is not null or outcomes.lost_on is not null then 'lost'
        when outcomes.reassigned_on is not null then 'reassigned'
        when {{ list_date() }} > {{ plus_days('last_published.first_listed_on', valid_days) }} then 'expired'
        when outcomes.unreached_count >= {{ var('contact').unreached_attempts }} and outcomes.follow_up_on is null then 'unreachable'
        when outcomes.follow_up_on is not null then 'follow_up'
        when outcomes.contact_count > outcomes.unreached_count then 'reached'
        when outcomes.contact_count > 0 then 'attempted'
        else 'open'
    end as lead_state,
    -- the day from which the cool-down counts; an expired lead closed when its validity ended
    case
        when last_published.lead_state in ('superseded', 'no_longer_true') then last_published.list_date
        else coalesce(
            outcomes.won_on, outcomes.refused_on, outcomes.lost_on, outcomes.reassigned_on,
            case when outcomes.unreached_count >= {{ var('contact').unreached_attempts }} then outcomes.last_unreached_on end,
            {{ plus_days('last_published.first_listed_on', valid_days) }}
        )
    end as closes_on,
    {{ as_of_column() }}
from last_published
cross join last_list_date
left join held_out on last_published.list = held_out.list and last_published.subject_id = held_out.subject_id
left join {{ ref('list_rules') }} as rules on last_published.list = rules.list
left join outcomes on last_published.lead_id = outcomes.lead_id
left join refusals on last_published.list = refusals.list and last_published.subject_id = refusals.subject_id
