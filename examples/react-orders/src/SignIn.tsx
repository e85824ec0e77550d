// Who are you? A demonstration has no passwords: your sign-in hands out a token here.

const USERS = ['ann', 'ben']

export function SignIn({ onSignIn }: { onSignIn: (token: string) => void }) {
  return (
    <main className="sign-in">
      <h1>Orders</h1>
      <p className="dim">Two tabs, two people: each tab keeps its own.</p>
      {USERS.map((user) => (
        <button key={user} type="button" onClick={() => onSignIn(`${user}-token`)}>
          I am {user}
        </button>
      ))}
    </main>
  )
}
