-- review_successes: of the leads whose time is up on the business date, which ones succeeded?
--
-- One row per lead, shown, handed to a central channel or held out of either, that was first listed exactly as many days ago as its list allows for success. The
-- entry's success rule is read on the subject's labels of today, beside the baseline that was fixed when the lead was
-- opened (baseline_<name>): the same rule for listed and held out, whatever the branch reported. A prospect is judged on
-- the customer they have become, a company on its own row. Unknown where these do not tell; who is not there did not
-- succeed. A channel's leads (central_channel) have its own control group beside them: they are compared with these, the
-- branches' leads with the list's. kind tells what a yes means: won, something that standing still does not bring; kept, nothing was lost, which
-- most would have done anyway and so is never lift.
--
-- The rules come from the entries of all lists (mingdan.catalog.success_rules), on or off today: leads of a list that was
-- switched off have their outcome, too.
{% set rules = var('success_rules', {}) %}
with matured as (
    select *
    from {{ source('memory', 'matured_decisions') }}
),

{% for list, rule in rules.items() -%}
due_{{ list }} as (
    select
        subject_id as due_subject_id,
        lead_id as due_lead_id{% for name, kind in rule.baseline.items() %},
        cast({{ json_value('baseline', name) }} as {{ dbt.type_string() if kind == 'varchar' else kind }}) as baseline_{{ name }}{% endfor %}
    from matured
    where list = '{{ list }}'
),

{% endfor -%}
judged as (
    {% for list, rule in rules.items() -%}
    select
        matured.lead_id,
        '{{ rule.kind }}' as kind,
        case when labels.due_lead_id is null then false else labels.is_success end as is_success
    from matured
    left join (
        select
            due.due_lead_id,
            cast({{ rule.when }} as boolean) as is_success
        {% if rule.subject == 'corporate' -%}
        from {{ ref('corporates') }} as subjects
        inner join due_{{ list }} as due on subjects.corporate_id = due.due_subject_id
        {%- elif rule.subject == 'prospect' -%}
        from {{ ref('customer_labels') }} as subjects
        inner join {{ ref('prospect_links') }} as links on subjects.customer_id = links.customer_id
        inner join due_{{ list }} as due on links.prospect_id = due.due_subject_id
        {%- else -%}
        from {{ ref('customer_labels') }} as subjects
        inner join due_{{ list }} as due on subjects.customer_id = due.due_subject_id
        {%- endif %}
    ) as labels on matured.lead_id = labels.due_lead_id
    where matured.list = '{{ list }}' and matured.first_listed_on = {{ plus_days(as_of(), -rule.within_days) }}
    {{ 'union all' if not loop.last }}
    {% else -%}
    select cast(null as {{ dbt.type_string() }}) as lead_id, cast(null as {{ dbt.type_string() }}) as kind, cast(null as boolean) as is_success
    from {{ ref('customer_labels') }}
    where 1 = 0
    {% endfor %}
)

select
    matured.list,
    matured.lead_id,
    matured.subject_id,
    matured.branch_id,
    matured.first_listed_on,
    matured.is_ghost,
    matured.central_channel,
    matured.score,
    judged.kind,
    judged.is_success,
    {{ as_of_column() }}
from matured
inner join judged on matured.lead_id = judged.lead_id
