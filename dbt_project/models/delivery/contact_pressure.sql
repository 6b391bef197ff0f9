-- contact_pressure: how often was each subject spoken to lately, by anyone?
--
-- One row per subject with any contact recorded by the business date: the bank's own outcomes and all other systems'
-- together. The windows end on the list date, so that today's contact is the last one that any 7 or 30 days hold. Reached
-- and attempted are told apart. An outcome names the customer or only the lead: then it counts for the prospect or
-- company of that lead, and for the customer whom a prospect has become. Who asked not to be contacted, at all or
-- on a channel, or was reported dead, stays so however long ago.
with other_leads as (
    select lead_id, max(subject_id) as subject_id
    from {{ source('memory', 'published_decisions') }}
    where subject_type <> 'customer'
    group by lead_id
),

contacts as (
    select
        coalesce(own.customer_id, links.customer_id, other_leads.subject_id) as subject_id,
        cast(own.contacted_at as date) as contacted_on,
        own.outcome,
        own.refused_channel
    from {{ ref('stg_crm__contacts') }} as own
    left join other_leads on own.customer_id is null and own.lead_id = other_leads.lead_id
    left join {{ ref('prospect_links') }} as links on other_leads.subject_id = links.prospect_id
    where cast(own.recorded_at as date) <= {{ as_of() }}
    union all
    select customer_id, cast(contacted_at as date), outcome, null
    from {{ ref('stg_crm__outside_contacts') }}
)

select
    subject_id,
    {%- for days in [7, 30] %}
    cast(sum(case when outcome <> 'not_reached' and contacted_on > {{ plus_days(list_date(), -days) }} then 1 else 0 end) as integer)
        as reached_{{ days }}d,
    {%- endfor %}
    cast(sum(case when outcome in ('not_interested', 'refused', 'complaint', 'do_not_contact')
            and contacted_on > {{ plus_days(list_date(), -30) }}
        then 1 else 0 end) as integer) as refusals_30d,
    max(case when outcome = 'do_not_contact' and refused_channel is null then true else false end) as asked_not_to_be_contacted,
    {{ ordered_text("case when outcome = 'do_not_contact' then refused_channel end") }} as refused_channels,
    max(case when outcome = 'deceased' then true else false end) as is_reported_deceased,
    max(case when outcome = 'complaint' then contacted_on end) as complained_on,
    max(contacted_on) as last_contact_on,
    {{ as_of_column() }}
from contacts
where subject_id is not null and contacted_on <= {{ as_of() }}
group by subject_id
