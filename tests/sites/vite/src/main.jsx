import 'bootstrap/dist/css/bootstrap.css';
import './shop.css';
import React from 'react';
import { createRoot } from 'react-dom/client';

const goods = ['Lamp', 'Chair', 'Table', 'Shelf', 'Carpet', 'Mirror'];

function Card({ name }) {
  return <div className="col"><div className="card h-100"><div className="card-body"><h2 className="h5">{name}</h2><p>One of our best.</p></div></div></div>;
}

function Shop() {
  const [n, setN] = React.useState(0);
  return (
    <main className="container">
      <h1 className="shop-title">A small shop</h1>
      <p data-release={import.meta.env.VITE_RELEASE}>{n} in your basket</p>
      <div className="row row-cols-3 g-3">{goods.map((g) => <Card key={g} name={g} />)}</div>
      <button className="btn btn-primary" onClick={() => setN(n + 1)}>Buy</button>
    </main>
  );
}

createRoot(document.getElementById('root')).render(<Shop />);
