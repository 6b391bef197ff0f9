{# The first of the list's channels (comma-joined, in order) that this customer may be reached on for this purpose. #}
{% macro first_allowed_channel(channels, purpose) -%}
coalesce({% for place in range(1, 5) %}
        case split_part({{ channels }}, ',', {{ place }}){% for channel in ['call', 'sms', 'wecom', 'visit'] %}
            when '{{ channel }}' then case when ({{ purpose }} = 'marketing' and labels.can_{{ channel }}_marketing)
                or ({{ purpose }} <> 'marketing' and labels.can_{{ channel }}_service) then '{{ channel }}' end{% endfor %}
        end{% if not loop.last %},{% endif %}{% endfor %}
    )
{%- endmacro %}
