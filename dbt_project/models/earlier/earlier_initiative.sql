-- earlier_initiative: on which of the earlier days was something done from an account by its owner?
--
-- One row per account and block of 60 days before the business date with at least one such day; initiative_blocks, which
-- says what counts, adds log-ins and tells whose the accounts are.
{{ initiative('biz_date <= ' ~ earlier_to()) }}

select
    accounts.account_no,
    account_blocks.block,
    account_blocks.oldest_age,
    account_blocks.newest_age,
    account_blocks.days_seen,
    {{ as_of_column() }}
from account_blocks
inner join {{ ref('earlier_accounts') }} as accounts on account_blocks.account_id = accounts.account_id
