//! The table of rights, written down a second time and compared cell by cell.
#![allow(clippy::unwrap_used)] // clippy.toml spares only #[test] functions, not their helpers

use hypernode_accounts::rights::{Denied, Owner, Principal, Right, Role, Roles, Scope, Scopes};
use hypernode_accounts::{Fingerprint, PublicKey};

/// Per right: Public, Wallet, Host, Agent, DataTeam, Operator. `+` may, `o` may with their own, `-` may not.
/// Then the scope that a key needs; `!` for none that suffices, `.` for none that is needed.
const TABLE: &str = "
ReadPublic      ++++++ .
ReadAccount     -o-o-+ read
ManageKeys      -o---- !
ManageSessions  -o---- !
ReadJobContent  -ooo-+ jobs:read
SubmitJob       -o-o-- jobs:write
CancelJob       -o-o-+ jobs:write
RunJob          --o--- .
PreviewMatch    -+++++ jobs:read
ManageNode      -oo--+ nodes:write
Heartbeat       -oo--- nodes:write
ManageHostKeys  -o---+ !
ValidateSites   --+--- .
ManageWebhooks  -o---+ webhooks
ManageMonitors  -o---+ monitors
UseAgentTools   -+-+-- agent
QueryData       ----++ data
PostEvents      -----+ operator
ControlService  -----+ operator
ReadAudit       -----+ operator
ManageRoles     -----+ !
ReleasePayouts  -----+ !
";

const ME: PublicKey = PublicKey([1; 32]);
const MY_HOST: PublicKey = PublicKey([2; 32]);
const OTHER: PublicKey = PublicKey([9; 32]);

struct Row {
    right: Right,
    cells: Vec<char>,
    scope: String,
}

fn rows() -> Vec<Row> {
    let rows: Vec<Row> = TABLE
        .lines()
        .filter(|line| !line.is_empty())
        .zip(Right::all())
        .map(|(line, right)| {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(words[0], format!("{right:?}"));
            Row {
                right,
                cells: words[1].chars().collect(),
                scope: words[2].into(),
            }
        })
        .collect();
    assert_eq!(rows.len(), Right::all().count());
    assert_eq!(rows.len(), 22);
    rows
}

/// Everybody: with their roles.
fn everybody() -> Vec<(Principal, Vec<Role>)> {
    let mut all = vec![
        (Principal::anonymous(), vec![Role::Public]),
        (
            Principal::host(MY_HOST, None),
            vec![Role::Public, Role::Host],
        ),
        (
            Principal::host(MY_HOST, Some(ME)),
            vec![Role::Public, Role::Host],
        ),
    ];
    for granted in [
        vec![],
        vec![Role::DataTeam],
        vec![Role::Operator],
        vec![Role::DataTeam, Role::Operator],
    ] {
        let mut roles = vec![Role::Public, Role::Wallet];
        roles.extend(&granted);
        all.push((Principal::wallet(ME, Roles::of(&granted)), roles));
    }
    all
}

fn owners() -> [(Option<Owner>, bool, bool); 5] {
    let owner = |wallet, host| {
        Some(Owner {
            wallet,
            host,
            node: None,
        })
    };
    // The thing, whether the wallet owns it, whether the host does.
    [
        (None, false, false),
        (owner(Some(ME), Some(OTHER)), true, false),
        (owner(Some(OTHER), Some(MY_HOST)), false, true),
        (owner(Some(OTHER), Some(OTHER)), false, false),
        (owner(None, None), false, false),
    ]
}

#[test]
fn everybody_may_what_the_table_says_and_nothing_else() {
    for row in rows() {
        for (who, roles) in everybody() {
            for (owner, wallet_owns, host_owns) in owners() {
                let may = roles.iter().any(|role| match row.cells[*role as usize] {
                    '+' => true,
                    'o' => match role {
                        Role::Host => host_owns,
                        Role::Wallet | Role::Agent => wallet_owns,
                        _ => false,
                    },
                    _ => false,
                });
                let said = who.may(row.right, owner.as_ref());
                assert_eq!(
                    said.is_ok(),
                    may,
                    "{who:?} {:?} {owner:?}: {said:?}",
                    row.right
                );
                if roles == [Role::Public] && !may {
                    assert_eq!(said, Err(Denied::SignIn));
                }
            }
        }
    }
}

/// Every set of scopes, of a wallet with every role: a key needs the scope, and never may what is for persons.
#[test]
fn keys_may_what_scope_and_owner_may() {
    let mine = Owner::from(ME);
    for bits in 0..1_u32 << Scope::ALL.len() {
        let chosen: Vec<Scope> = Scope::ALL
            .into_iter()
            .filter(|scope| bits & 1 << *scope as u32 != 0)
            .collect();
        let scopes = Scopes::of(&chosen);
        for granted in [Roles::NONE, Roles::of(&[Role::DataTeam, Role::Operator])] {
            let key = Principal::key("abcdefgh", ME, granted, scopes);
            let mut roles = vec![Role::Public];
            if chosen.contains(&Scope::Agent) {
                roles.push(Role::Agent);
            } else {
                roles.push(Role::Wallet);
                for (role, scope) in [
                    (Role::DataTeam, Scope::Data),
                    (Role::Operator, Scope::Operator),
                ] {
                    if granted.has(role) && chosen.contains(&scope) {
                        roles.push(role);
                    }
                }
            }
            assert_eq!(key.roles(), Roles::of(&roles));
            for row in rows() {
                let scoped =
                    row.scope == "." || chosen.iter().any(|scope| scope.name() == row.scope);
                let role = roles.iter().any(|role| row.cells[*role as usize] != '-');
                let said = key.may(row.right, Some(&mine));
                assert_eq!(
                    said.is_ok(),
                    scoped && role,
                    "{chosen:?} {:?} {said:?}",
                    row.right
                );
                if role && row.scope == "!" {
                    assert_eq!(said, Err(Denied::InPerson));
                }
                // Not to others' things, unless it is an operator's.
                if roles.iter().all(|role| row.cells[*role as usize] != '+') {
                    assert!(key.may(row.right, Some(&Owner::from(OTHER))).is_err());
                }
            }
        }
    }
}

/// A node's token speaks for that node; before its first use, for what its wallet has not registered yet.
#[test]
fn a_node_token_may_what_its_node_may() {
    let of = |node: Option<&str>| Owner {
        wallet: Some(ME),
        host: None,
        node: node.map(Fingerprint::of),
    };
    let bound = Principal::node(Some("node-1".into()), ME);
    assert_eq!(bound.may(Right::RunJob, Some(&of(Some("node-1")))), Ok(()));
    assert_eq!(
        bound.may(Right::Heartbeat, Some(&of(Some("node-1")))),
        Ok(())
    );
    for other in [of(Some("node-2")), of(None), Owner::default()] {
        assert_eq!(
            bound.may(Right::RunJob, Some(&other)),
            Err(Denied::NotYours)
        );
    }
    let fresh = Principal::node(None, ME);
    assert_eq!(fresh.may(Right::ManageNode, Some(&of(None))), Ok(()));
    for other in [of(Some("node-1")), Owner::from(OTHER), Owner::default()] {
        assert_eq!(
            fresh.may(Right::ManageNode, Some(&other)),
            Err(Denied::NotYours)
        );
    }
    for right in [
        Right::SubmitJob,
        Right::CancelJob,
        Right::ManageKeys,
        Right::ControlService,
    ] {
        assert!(matches!(
            bound.may(right, Some(&Owner::from(ME))),
            Err(Denied::Role(_))
        ));
    }
    assert_eq!(bound.account(), Some(ME));
}
