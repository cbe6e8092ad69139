interface Item {
  name: string;
  price: number;
}

const items: Item[] = [
  { name: "Pen", price: 2 },
  { name: "Book", price: 12.5 },
];

const Row = ({ item }: { item: Item }) => (
  <tr className={item.price > 10 ? "expensive" : undefined}>
    <td>{item.name}</td>
    <td style={{ textAlign: "right" }}>{item.price.toFixed(2)}</td>
  </tr>
);

function page(): unknown {
  return ResponseBuilder.html(
    <table>
      {items.map((item) => (
        <Row item={item} />
      ))}
    </table>,
  );
}

function init(): void {
  routeRegistry.registerRoute("/prices", "page", "GET");
}
