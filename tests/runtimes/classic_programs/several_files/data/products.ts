export interface Product {
  id: string;
  name: string;
  cents: number;
}

export const products: Product[] = [{ id: "7", name: "Lamp", cents: 2999 }];
