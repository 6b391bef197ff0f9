-- contact_pressure: how often was each subject spoken to lately, by anyone?
--
-- One row per subject with any contact recorded by the business date: the bank's own outcomes and all other systems'
-- together. A cap's window ends on the list date, so that today's contact is the last one that any such days hold.
-- Reached and attempted are told apart. capped_by: the first cap on everything that is full; capped_channels, capped_lists:
-- what a cap of its own closes. An outcome names the customer or only the lead: then it counts for the prospect or company
-- of that lead, and for the customer whom a prospect has become. Who asked not to be contacted, at all or on a channel, or
-- was reported dead, stays so however long ago, until the source says otherwise of a later day: consent given anew, the
-- channel no longer refused. withdrawn_on: the day of such a consent.
{% set caps = var('contact').caps %}
{% set of_lists = caps | selectattr('list', 'defined') | list %}
{% set of_channels = caps | selectattr('channel', 'defined') | list %}
with leads as (
    select
        lead_id,
        max(list) as list,
        max(case when subject_type <> 'customer' then subject_id end) as subject_id
    from {{ source('memory', 'published_decisions') }}
    {%- if not of_lists %}
    where subject_type <> 'customer'
    {%- endif %}
    group by lead_id
),

told as (
    select
        coalesce(own.customer_id, links.customer_id, own.subject_id, leads.subject_id) as subject_id,
        leads.list,
        own.channel,
        cast(own.contacted_at as date) as contacted_on,
        own.outcome,
        own.refused_channel
    from {{ ref('stg_crm__contacts') }} as own
    left join leads on own.lead_id = leads.lead_id{% if not of_lists %} and own.customer_id is null{% endif %}
    left join {{ ref('prospect_links') }} as links on coalesce(own.subject_id, leads.subject_id) = links.prospect_id
    where cast(own.recorded_at as date) <= {{ as_of() }}
    union all
    select customer_id, null, channel, cast(contacted_at as date), outcome, null
    from {{ ref('stg_crm__outside_contacts') }}
),

contacts as (
    select
        told.*,
        case when told.outcome = 'do_not_contact' and told.refused_channel is null then customers.consent_updated_on end as withdrawn_on,
        told.outcome = 'do_not_contact' and customers.customer_id is null and preferences.customer_id is null as is_refusing
    from told
    left join {{ ref('stg_core__customers') }} as customers
        on told.subject_id = customers.customer_id and told.refused_channel is null
            and customers.marketing_consent and not customers.do_not_contact and told.contacted_on < customers.consent_updated_on
    left join {{ ref('stg_crm__channel_preferences') }} as preferences
        on told.subject_id = preferences.customer_id and told.refused_channel = preferences.channel
            and not preferences.is_refused and told.contacted_on < preferences.updated_on
)

select
    subject_id,
    case
        {%- for cap in caps if not (cap.channel or cap.list) %}
        when {{ contacts_within(cap, list_date()) }} >= {{ cap.most }} then 'contact_cap_{{ cap.days }}d'
        {%- endfor %}
        when false then ''
    end as capped_by,
    {%- for column, key, own in [('capped_channels', 'channel', of_channels), ('capped_lists', 'list', of_lists)] %}
    {% if own -%}
    concat_ws(','{% for cap in own %}, case when {{ contacts_within(cap, list_date()) }} >= {{ cap.most }} then '{{ cap[key] }}' end{% endfor %})
    {%- else %}cast(null as {{ dbt.type_string() }}){% endif %} as {{ column }},
    {%- endfor %}
    cast(sum(case when outcome in ('not_interested', 'refused', 'complaint', 'do_not_contact')
            and contacted_on > {{ plus_days(list_date(), -30) }}
        then 1 else 0 end) as integer) as refusals_30d,
    max(case when is_refusing and refused_channel is null then true else false end) as asked_not_to_be_contacted,
    max(withdrawn_on) as withdrawn_on,
    {{ ordered_text("case when is_refusing then refused_channel end") }} as refused_channels,
    max(case when outcome = 'deceased' then true else false end) as is_reported_deceased,
    max(case when outcome = 'complaint' then contacted_on end) as complained_on,
    max(contacted_on) as last_contact_on,
    {{ as_of_column() }}
from contacts
where subject_id is not null and contacted_on <= {{ as_of() }}
group by subject_id
