{# The first of the list's channels (comma-joined, in order) that this customer may be reached on for this purpose. #}
{% macro first_allowed_channel(channels, purpose) -%}
coalesce({% for place in range(1, 5) %}
        case split_part({{ channels }}, ',', {{ place }}){% for channel in ['call', 'sms', 'wecom', 'visit'] %}
            when '{{ channel }}' then case when {{ channel_allowed(channel, purpose) }} then '{{ channel }}' end{% endfor %}
        end{% if not loop.last %},{% endif %}{% endfor %}
    )
{%- endmacro %}

{# Whether this subject (`labels`) may be reached on the channel for this purpose, and has not told a branch otherwise (`pressure`). #}
{% macro channel_allowed(channel, purpose) -%}
(
    case when {{ purpose }} = 'marketing' then labels.can_{{ channel }}_marketing else labels.can_{{ channel }}_service end
    and {{ not_refused(channel) }}
)
{%- endmacro %}

{% macro not_refused(channel) -%}
coalesce(concat(',', pressure.refused_channels, ',') not like '%,{{ channel }},%', true)
{%- endmacro %}
