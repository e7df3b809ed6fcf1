import { defaultAccountsOff } from "./default-accounts-off.ts";
import { judgedByTable } from "./test-table.ts";

const encoded = (text: string) => Buffer.from(text).toString("base64");

judgedByTable(defaultAccountsOff, {
  good: {
    list: {
      type: "kubernetes:core/v1:Secret",
      props: {
        kind: "Secret",
        data: { "users.acl": encoded("user default off -@all\nuser gateway on +get\n") },
      },
    },
    rules: {
      type: "kubernetes:core/v1:ConfigMap",
      props: {
        data: {
          "pg_hba.conf": "hostssl all all 0.0.0.0/0 scram-sha-256\nhost all x ::/0 reject\n",
        },
      },
    },
    user: {
      type: "aws:elasticache/user:User",
      props: { userName: "default", accessString: "off ~* -@all" },
    },
    cluster: {
      type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
      props: { spec: { enableSuperuserAccess: false } },
    },
  },
  fails: {
    "Redis' default user": [
      [["list", ["data", "users.acl"], encoded("user default on nopass +@all\n")]],
      /default user on/,
    ],
    "a list without it": [
      [["list", ["data", "users.acl"], encoded("user gateway on +get\n")]],
      /default user on/,
    ],
    "an empty list": [[["list", ["data", "users.acl"], ""]], /default user on/],
    "everybody by trust": [
      [["rules", ["data", "pg_hba.conf"], "host all all 0.0.0.0/0 trust\n"]],
      /by trust/,
    ],
    "a method with a remark after it": [
      [["rules", ["data", "pg_hba.conf"], "host all all ::/0 trust # soon\nlocal all all peer\n"]],
      /by trust/,
    ],
    md5: [[["rules", ["data", "pg_hba.conf"], "hostssl all all 0.0.0.0/0 md5\n"]], /by md5/],
    "ElastiCache's default user": [[["user", "accessString", "on ~* +@all"]], /default user is on/],
    "no word about it": [[["user", "accessString", undefined]], /default user is on/],
    "the superuser by network": [[["cluster", "spec.enableSuperuserAccess", true]], /superuser/],
  },
  unknown: ["user", "accessString"],
});
