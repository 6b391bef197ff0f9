{# The first of the list's channels (comma-joined, in order) that this customer may be reached on for this purpose. #}
{% macro first_allowed_channel(channels, purpose) -%}
coalesce({% for place in range(1, 5) %}
        case split_part({{ channels }}, ',', {{ place }}){% for channel in ['call', 'sms', 'wecom', 'visit'] %}
            when '{{ channel }}' then case when {{ channel_allowed(channel, purpose) }} then '{{ channel }}' end{% endfor %}
        end{% if not loop.last %},{% endif %}{% endfor %}
    )
{%- endmacro %}

{# Whether this subject (`labels`) may be reached on the channel for this purpose, has not told a branch otherwise, and not
   been contacted on it as often as its cap allows (`pressure`). #}
{% macro channel_allowed(channel, purpose) -%}
(
    case when {{ purpose }} = 'marketing' then labels.can_{{ channel }}_marketing else labels.can_{{ channel }}_service end
    and {{ not_refused(channel) }}
)
{%- endmacro %}

{% macro not_refused(channel) -%}
coalesce(concat(',', pressure.refused_channels, ',') not like '%,{{ channel }},%', true)
{%- if channel in var('contact').caps | selectattr('channel', 'defined') | map(attribute='channel') %}
    and coalesce(concat(',', pressure.capped_channels, ',') not like '%,{{ channel }},%', true)
{%- endif %}
{%- endmacro %}

{# Aggregate over contacts (columns contacted_on, outcome, channel, list): how many a cap of the settings counts in its days,
   of which `last` is the last. #}
{% macro contacts_within(cap, last) -%}
sum(case when contacted_on > {{ plus_days(last, -cap.days) }}
            {{- " and outcome <> 'not_reached'" if cap.what == 'reached' }}
            {{- " and channel = '" ~ cap.channel ~ "'" if cap.channel }}
            {{- " and list = '" ~ cap.list ~ "'" if cap.list }} then 1 else 0 end)
{%- endmacro %}
