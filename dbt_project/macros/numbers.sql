{% macro money(x) %}cast({{ x }} as decimal(18, 2)){% endmacro %}

{# A share or ratio as decimal(9,6); null when the whole is null or zero; held within ±999 so that it always fits.
   Doubles appear row by row only, and are rounded half up by floor, so that both engines agree to the last digit. #}
{% macro rate(part, whole) -%}
cast(floor(case
    when {{ whole }} <> 0 and {{ part }} is not null  -- greatest and least would read over a null
        then greatest(-999, least(999, cast({{ part }} as double) / cast({{ whole }} as double)))
end * 1000000 + 0.5) / 1000000 as decimal(9, 6))
{%- endmacro %}

{# A stable draw: true for `share` of all texts, the same ones on every engine and every day. #}
{% macro share_of(text, share) -%}
(substr(md5({{ text }}), 1, 8) < '{{ "%08x" | format(((share | float) * 4294967296) | int) if (share | float) < 1 else "g" }}')
{%- endmacro %}

{# A threshold from the bank's settings, compiled to a literal. `rule` 'keep' is the looser value that lets an open lead stay. #}
{% macro threshold(name, rule='enter') -%}
    {%- set known = var('thresholds') -%}
    {%- if name not in known -%}
        {{ exceptions.raise_compiler_error("threshold '" ~ name ~ "' is not in thresholds.csv; " ~ model.name ~ " asks for it") }}
    {%- endif -%}
    {%- set literal = known[name][rule] -%}
    {{ return(literal if literal is number else "'" ~ literal ~ "'") }}
{%- endmacro %}
