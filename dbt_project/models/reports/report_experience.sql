-- report_experience 体验回检: where do we annoy customers, and where are they content?
--
-- One row per branch, view and list or touch point ('*' in the other view), of the last 90 days: view list the leads of each list (unknown: recorded
-- without one that we know; outside: other systems' calls and messages), view touch_point the channels, with the hall as
-- counter and a push as app, as surveys name them. The branch is the customer's, else the lead's.
--
-- A complaint belongs to every list and touch point that had contact with the customer in the experience_days (14) before:
-- who was right is for the branch to find out. An answer to a survey likewise to the lists; its touch point it names itself.
-- Satisfied: 8 of 10 and up (experience_satisfied_from). Over-contacted: touched here in the last 30 days, and by all systems
-- together more often than a cap of the contact policy on everything allows.
{% set since = plus_days(as_of(), -90) %}
{% set lead = 'cast(null as ' ~ dbt.type_string() ~ ') as lead_id' %}
with contacts as (
    select customer_id, lead_id, cast(contacted_at as date) as contacted_on, channel, outcome, 'unknown' as list_otherwise
    from {{ ref('stg_crm__contacts') }}
    union all
    select customer_id, {{ lead }}, cast(contacted_at as date) as contacted_on, channel, outcome, 'outside' as list_otherwise
    from {{ ref('stg_crm__outside_contacts') }}
),

leads as (
    select lead_id, max(list) as list, max_by(branch_id, list_date) as branch_id
    from {{ source('memory', 'published_decisions') }}
    group by lead_id
),

named as (
    select
        coalesce(labels.home_branch_id, leads.branch_id) as branch_id,
        coalesce(contacts.customer_id, contacts.lead_id) as subject_id,
        coalesce(leads.list, contacts.list_otherwise) as list,
        case contacts.channel when 'lobby' then 'counter' when 'app_push' then 'app' else contacts.channel end as touch_point,
        contacts.contacted_on,
        contacts.outcome
    from contacts
    left join {{ ref('customer_labels') }} as labels on contacts.customer_id = labels.customer_id
    left join leads on contacts.lead_id = leads.lead_id
    where contacts.contacted_on > {{ since }} and contacts.contacted_on <= {{ as_of() }}
),

-- what the contact policy counts, by the day the data end on
pressure as (
    select
        subject_id,
        {%- for cap in var('contact').caps if not (cap.channel or cap.list) %}
        {{ contacts_within(cap, as_of()) }} > {{ cap.most }} or
        {%- endfor %} false as is_over
    from named
    group by subject_id
),

touches as (
    select branch_id, 'list' as view, list, '*' as touch_point, subject_id, contacted_on, outcome
    from named
    where branch_id is not null
    union all
    select branch_id, 'touch_point' as view, '*' as list, touch_point, subject_id, contacted_on, outcome
    from named
    where branch_id is not null
),

counted as (
    select
        touches.branch_id,
        touches.view,
        touches.list,
        touches.touch_point,
        count(*) as contact_count,
        sum(case when touches.outcome <> 'not_reached' then 1 else 0 end) as reached_count,
        sum(case when touches.outcome in ('not_interested', 'refused', 'do_not_contact') then 1 else 0 end) as refusal_count,
        count(distinct touches.subject_id) as customer_count,
        count(distinct case
            when touches.contacted_on > {{ plus_days(as_of(), -30) }}
                and pressure.is_over
                then touches.subject_id
        end) as over_contacted_count
    from touches
    left join pressure on touches.subject_id = pressure.subject_id
    group by touches.branch_id, touches.view, touches.list, touches.touch_point
),

-- said in the contact itself, or to the complaints' desk soon after it
complained as (
    select branch_id, view, list, touch_point, count(distinct subject_id) as complaint_count
    from (
        select branch_id, view, list, touch_point, subject_id
        from touches
        where outcome = 'complaint'
        union all
        select touches.branch_id, touches.view, touches.list, touches.touch_point, touches.subject_id
        from touches
        inner join {{ ref('stg_crm__complaints') }} as complaints
            on touches.subject_id = complaints.customer_id
            and touches.contacted_on <= complaints.opened_on
            and {{ plus_days('touches.contacted_on', threshold('experience_days')) }} >= complaints.opened_on
    ) as complaints
    group by branch_id, view, list, touch_point
),

answers as (
    select distinct
        touches.branch_id,
        touches.view,
        touches.list,
        touches.touch_point,
        answers.customer_id,
        answers.surveyed_on,
        answers.touch_point as asked_about,
        answers.score
    from touches
    inner join {{ ref('stg_crm__satisfaction') }} as answers
        on touches.subject_id = answers.customer_id
        and touches.contacted_on <= answers.surveyed_on
        and {{ plus_days('touches.contacted_on', threshold('experience_days')) }} >= answers.surveyed_on
    where touches.view = 'list'
    union all
    select
        labels.home_branch_id as branch_id,
        'touch_point' as view,
        '*' as list,
        answers.touch_point,
        answers.customer_id,
        answers.surveyed_on,
        answers.touch_point as asked_about,
        answers.score
    from {{ ref('stg_crm__satisfaction') }} as answers
    inner join {{ ref('customer_labels') }} as labels on answers.customer_id = labels.customer_id
    where answers.surveyed_on > {{ since }} and answers.surveyed_on <= {{ as_of() }}
),

marked as (
    select
        branch_id,
        view,
        list,
        touch_point,
        count(*) as answer_count,
        sum(case when score >= {{ threshold('experience_satisfied_from') }} then 1 else 0 end) as satisfied_count
    from answers
    group by branch_id, view, list, touch_point
),

keys as (
    select branch_id, view, list, touch_point
    from counted
    union
    select branch_id, view, list, touch_point
    from marked
)

select
    keys.branch_id,
    keys.view,
    keys.list,
    keys.touch_point,
    cast(coalesce(counted.contact_count, 0) as integer) as contact_count,
    cast(coalesce(counted.reached_count, 0) as integer) as reached_count,
    cast(coalesce(counted.refusal_count, 0) as integer) as refusal_count,
    cast(coalesce(counted.customer_count, 0) as integer) as customer_count,
    cast(coalesce(complained.complaint_count, 0) as integer) as complaint_count,
    cast(coalesce(counted.over_contacted_count, 0) as integer) as over_contacted_count,
    cast(coalesce(marked.answer_count, 0) as integer) as answer_count,
    cast(coalesce(marked.satisfied_count, 0) as integer) as satisfied_count,
    {{ as_of_column() }}
from keys
left join counted
    on keys.branch_id = counted.branch_id and keys.view = counted.view and keys.list = counted.list and keys.touch_point = counted.touch_point
left join complained
    on keys.branch_id = complained.branch_id and keys.view = complained.view and keys.list = complained.list and keys.touch_point = complained.touch_point
left join marked
    on keys.branch_id = marked.branch_id and keys.view = marked.view and keys.list = marked.list and keys.touch_point = marked.touch_point
