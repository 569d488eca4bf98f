/* For tests of lineage: records of the few fields that matter, in CloudTrail's shape. */
#ifndef TW_TESTS_UNIT_SUPPORT_LINEAGE_CASE_H
#define TW_TESTS_UNIT_SUPPORT_LINEAGE_CASE_H

/* A record of one call at 14:MM:SS, delivered to account 111122223333; `rest` is JSON members with
 * a comma in front. */
#define CALL_IN(account, time, source, name, identity, rest)                                       \
    "{\"eventID\":\"\",\"eventTime\":\"2026-03-17T" time "Z\",\"eventSource\":\"" source           \
    ".amazonaws.com\",\"eventName\":\"" name "\",\"recipientAccountId\":\"" account                \
    "\",\"sourceIPAddress\":\"198.51.100.7\",\"userIdentity\":" identity rest "}"
#define CALL(time, source, name, identity, rest)                                                   \
    CALL_IN("111122223333", time, source, name, identity, rest)

/* userIdentity of an IAM user; id is what follows AIDA, key a whole access key id. */
#define USER(id, name, key)                                                                        \
    "{\"type\":\"IAMUser\",\"principalId\":\"AIDA" id "\",\"arn\":\"arn:aws:iam::111122223333:"    \
    "user/" name "\",\"accountId\":\"111122223333\",\"userName\":\"" name                          \
    "\",\"accessKeyId\":\"" key "\"}"

/* userIdentity of a role's session begun at 14:MM:SS; `more` is JSON members with a comma in front.
 */
#define SESSION_MORE(role, name, begun, key, more)                                                 \
    "{\"type\":\"AssumedRole\",\"principalId\":\"AROA" role ":" name                               \
    "\",\"arn\":\"arn:aws:sts::111122223333:assumed-role/" role "/" name                           \
    "\",\"accountId\":\"111122223333\",\"accessKeyId\":\"" key                                     \
    "\",\"sessionContext\":{\"sessionIssuer\":{\"type\":\"Role\",\"principalId\":\"AROA" role      \
    "\",\"arn\":\"arn:aws:iam::111122223333:role/" role                                            \
    "\"},\"attributes\":{\"creationDate\":\"2026-03-17T" begun "Z\"}}" more "}"
#define SESSION(role, name, begun, key) SESSION_MORE(role, name, begun, key, "")

#define SERVICE(name) "{\"type\":\"AWSService\",\"invokedBy\":\"" name ".amazonaws.com\"}"

/* What AssumeRole answers: with and without the session's name. */
#define ISSUED(role, name, key)                                                                    \
    ",\"requestParameters\":{\"roleArn\":\"arn:aws:iam::111122223333:role/" role                   \
    "\",\"roleSessionName\":\"" name "\"},\"responseElements\":{\"credentials\":{"                 \
    "\"accessKeyId\":\"" key "\"},\"assumedRoleUser\":{\"assumedRoleId\":\"AROA" role ":" name     \
    "\",\"arn\":\"arn:aws:sts::111122223333:assumed-role/" role "/" name "\"}}"
#define HANDED(role, name, key)                                                                    \
    ",\"requestParameters\":{\"roleArn\":\"arn:aws:iam::111122223333:role/" role                   \
    "\",\"roleSessionName\":\"" name "\"},\"responseElements\":{\"credentials\":{"                 \
    "\"accessKeyId\":\"" key "\"}}"

#endif
