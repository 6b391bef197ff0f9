-- outside_movements: what went to, or came from, other banks, wallets, brokers and wealth companies?
--
-- One row per transaction of the last 90 days (back to the list date before, after a long holiday); what counts and of
-- which kind it is, says the macro of the same name.
select
    *,
    {{ as_of_column() }}
from (
{{ outside_movements(ref('stg_core__transactions'), ref('stg_core__accounts'), recent_since(90)) }}
) as movements
