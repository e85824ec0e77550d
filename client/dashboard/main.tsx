// The page at `/`: puts what it is made of together.

import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App.js'
import { TabNetwork } from './network/TabNetwork.js'
import './page/theme.css'
import './page/layout.css'

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no #root')
createRoot(root).render(
  <StrictMode>
    <App network={new TabNetwork()} />
  </StrictMode>,
)
