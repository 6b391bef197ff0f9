{# What customers hold that does not count as a product: a social-security card is a kind of debit card, and services come
   along with an account. App and payment binding do count: they are what a customer is won with. #}
{% macro uncounted_products() %}
    {{ return(['social_security_card', 'sms', 'custody', 'gold', 'collection_code', 'insurance_agency']) }}
{% endmacro %}
